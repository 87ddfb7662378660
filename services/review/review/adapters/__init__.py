"""The ports of the application on MongoDB, the contracts and the packaged policy packs."""
