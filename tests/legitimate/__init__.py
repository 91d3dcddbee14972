"""Legitimate models: what real projects dump, fitted on small data. Every one must be accepted."""
