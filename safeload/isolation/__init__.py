"""Isolation: a stranger's model lives in a process of its own; only numbers and text come out."""
