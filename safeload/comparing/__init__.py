"""What differs between two models? Their statements and what is in them, without loading either."""
