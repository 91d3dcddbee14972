"""Tests of ``safeload.trust``."""
