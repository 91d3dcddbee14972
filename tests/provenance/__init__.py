"""Tests of ``safeload.provenance``."""
