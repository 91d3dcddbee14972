"""Tests of ``safeload.load``."""
