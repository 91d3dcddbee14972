"""What the project gives to services that run continuous integration, run as they run it."""
