"""The language model: the only place that imports torch."""
