"""Which files of a work tree are other than at a revision? Asked of the ``git`` command."""
