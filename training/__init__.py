"""The recipe of Ember, the built-in model: its adventures, corpus, configuration and judge."""
