"""One module for each container format: bytes become streams, described and not loaded."""
