"""Audit: many files in, a report on each out. Nothing is ever run."""
