"""Consumer groups of the classic protocol: members, assignments and committed offsets."""
