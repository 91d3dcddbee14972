"""Tests of ``safeload.comparing``."""
