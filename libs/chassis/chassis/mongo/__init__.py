"""MongoDB as every service uses it: client, transactions, indexes, migrations, leases, keyset order."""
