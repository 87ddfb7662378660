"""The rules of review, pure: no web, database, broker, clock or file is known here."""
