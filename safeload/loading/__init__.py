"""Load: an accepted program becomes the object it describes, and nothing else happens."""
