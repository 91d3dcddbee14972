"""Tests of ``safeload.lineage``."""
