"""State that scipy's compiled code relies on."""
