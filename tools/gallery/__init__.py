"""The gallery of screenshots: its stories, its camera, its scenes."""
