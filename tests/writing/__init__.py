"""Files are whole whoever else writes and whenever a run is killed."""
