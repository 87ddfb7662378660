"""The HTTP API of review."""
