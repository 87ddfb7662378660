"""The HTTP API of stats."""
