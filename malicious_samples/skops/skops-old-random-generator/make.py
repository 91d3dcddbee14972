"""Protocol 1's RandomGeneratorNode."""

from __future__ import annotations

from malicious_samples.recipes import dictionary, json_node, node, skops


def build(canary: str) -> bytes:
    del canary
    bits = dictionary(bit_generator=json_node("seed"), state=dictionary())
    return skops(
        node(
            "RandomGeneratorNode",
            "numpy.random._generator",
            "Generator",
            content={"bit_generator": bits},
        ),
        protocol=1,
    )
