"""Keys of tokens and services, or of what answers like them: `make signers` runs these."""
