"""Allow-lists as reviewed data, one file a library."""
