"""Thin ways in: HTTP, consumed events, an operator's commands. Each ends in a use case."""
