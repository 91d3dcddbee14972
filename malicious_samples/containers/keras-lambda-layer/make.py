"""A Keras model with a layer of marshalled code."""

from __future__ import annotations

import json
import zipfile

from malicious_samples.recipes import zipped


def build(canary: str) -> bytes:
    del canary
    layer = {"class_name": "Lambda", "config": {"function": ["4wEA", None, None]}}
    model = {"module": "keras", "class_name": "Sequential", "config": {"layers": [layer]}}
    files = {"metadata.json": "{}", "config.json": json.dumps(model)}
    return zipped({name: text.encode() for name, text in files.items()}, zipfile.ZIP_STORED)
