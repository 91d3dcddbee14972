"""An audit's report as one HTML page: a tree of elements, a style sheet and a script."""
