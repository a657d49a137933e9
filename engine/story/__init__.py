"""The text: tree, story file, lorebook, context. Pure Python, no torch, no Qt."""
