"""Tests of ``safeload.scan``."""
