"""What does the ``git`` command say of a work tree? Asked so that nothing in it is run."""
