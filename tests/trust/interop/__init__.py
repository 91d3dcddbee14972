"""What safeload signs in the hands of other tools, and what they sign in its hands."""
