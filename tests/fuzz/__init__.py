"""Fuzzing: hostile bytes for everything that reads bytes; see docs/fuzzing.md."""
