"""MongoDB for all services: client, transactions, indexes, migrations, leases, keyset order."""
