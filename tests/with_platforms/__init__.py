"""Tests that need the platforms that models are served on."""
