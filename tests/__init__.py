"""Tests of safeload; ``builder`` and ``samples`` are what several of them share."""
