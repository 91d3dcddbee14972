"""Tests of safeload.trust.identities."""
