"""State that compiled code of further libraries relies on."""
