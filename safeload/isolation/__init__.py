"""Isolation: a third party's model lives in its own process; only numbers and text come out."""
