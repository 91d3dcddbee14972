"""Files of weights that are no pickles: which they are, and what in them could run all the same."""
