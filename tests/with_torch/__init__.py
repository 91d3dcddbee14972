"""What torch itself writes and reads: `make torch` runs these tests, where it is installed."""
