"""A small OpenID Connect issuer with demo accounts. For evaluation and tests only: never for real people."""
