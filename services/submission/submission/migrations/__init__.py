"""The numbered migrations of the service's database; run by the `migrate` role only."""
