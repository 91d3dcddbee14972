"""RandomGeneratorNode calls the attribute of numpy.random that a string names."""

from __future__ import annotations

from malicious_samples.recipes import dictionary, json_node, node, skops


def build(canary: str) -> bytes:
    del canary
    bits = dictionary(bit_generator=json_node("seed"), state=dictionary())
    content = {"bit_generator": bits, "seed_seq": dictionary()}
    return skops(
        node("RandomGeneratorNode", "numpy.random._generator", "Generator", content=content)
    )
