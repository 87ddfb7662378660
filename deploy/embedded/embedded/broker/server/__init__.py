"""Connections: framing, dispatch, limits and quotas, and the two requests that move records."""
