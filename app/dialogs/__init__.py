"""Windows that ask or show something beside the story."""
