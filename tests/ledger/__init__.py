"""What was loaded and refused is recorded, and nothing older than before is loaded."""
