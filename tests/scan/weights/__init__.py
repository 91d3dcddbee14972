"""Tests of formats of weights."""
