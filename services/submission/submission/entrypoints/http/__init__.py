"""The HTTP API: blueprints, schemas and the problem types of this service."""
