"""The engine of Brass Lantern: the language model and the story, without a window."""
