"""What was loaded here, and what was refused? A record of each; no way back without a reason."""
