"""A team's own policy file: what an entry needs, whether its names exist, what they can do."""
