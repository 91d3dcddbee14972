"""Scan: bytes in, a description of what they would do out. Nothing is imported or run."""
