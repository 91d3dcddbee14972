"""Files of weights that are not pickles: which they are, and what in them could run anyway."""
