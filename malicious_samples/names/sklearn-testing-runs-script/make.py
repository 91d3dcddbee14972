"""Scikit-learn's testing helper runs a script."""

from __future__ import annotations

from malicious_samples.recipes import pickled_call, python


def build(canary: str) -> bytes:
    helper = "assert_run_python_script_without_output"
    return pickled_call("sklearn.utils._testing", helper, python(canary))
