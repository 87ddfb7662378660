"""The rules of intake, pure: no web, no database, no broker, no clock. Everything it needs comes as
arguments."""
