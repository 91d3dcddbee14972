"""How files come to be: whole or not at all, whoever else writes and whenever a run is killed."""
