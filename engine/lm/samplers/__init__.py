"""The stages of the sampling chain, one subject a file (numpy only)."""
