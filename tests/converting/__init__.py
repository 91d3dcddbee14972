"""Tests of ``safeload.converting``."""
