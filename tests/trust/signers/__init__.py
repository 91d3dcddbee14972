"""Keys that are not files."""
