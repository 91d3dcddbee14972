"""The test suites of joblib and skops, run with our loaders in place of theirs: ``make peers``."""
