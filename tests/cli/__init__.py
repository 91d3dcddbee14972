"""Tests of ``safeload.cli``."""
