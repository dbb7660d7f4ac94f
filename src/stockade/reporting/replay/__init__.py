"""What entries mean: the state of each contract from its own entries, no chain and no other stream asked."""
