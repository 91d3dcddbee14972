"""Where do the files of an audit come from? One module for each kind of place."""
