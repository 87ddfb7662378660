"""MongoDB documents to and from the domain, and domain states to the payloads of the contracts."""
