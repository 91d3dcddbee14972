"""Arrays within a stream: which bytes they are, and of what type."""
