"""Whose files are believed, tested with the users and mounts that a test makes for itself."""
