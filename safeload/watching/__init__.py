"""A folder that others drop files into: each is audited, and moved to where it belongs."""
