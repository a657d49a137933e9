"""Continuing text on another machine: any OpenAI-compatible server, and KoboldAI's own API."""
