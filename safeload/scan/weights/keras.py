"""What a configuration of Keras would run: code that is written in it, and names outside of Keras.

Keras builds a model from JSON. A layer may be given as marshalled code, as a pickle of torch, or as
the name of any class or function that can be imported; Keras' own safe mode has let each of them
through at some time.

Trust: the configuration is hostile; nothing in it is decoded, imported or run.
Source: Keras ``saving/serialization_lib.py``, ``layers/core/lambda_layer.py``,
``utils/torch_utils.py``; CVE-2024-3660, CVE-2025-1550, CVE-2025-8747, CVE-2025-12058.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from safeload.errors import printable
from safeload.scan.containers.nesting import Nesting
from safeload.scan.containers.paths import leads_outside
from safeload.scan.json_objects import json_object
from safeload.scan.program import Buffer, Scan
from safeload.verdict import Finding

__all__ = ["is_configuration", "read_configuration", "would_run"]

_HEAD = 4096
# Layers whose configuration holds code, or a model in another form than Keras'.
_CODE = {
    "__lambda__": "a function as marshalled code",
    "Lambda": "a Lambda layer, whose function is code",
    "TorchModuleWrapper": "a module of torch as a pickle",
    "JaxLayer": "a function of JAX as code",
    "FlaxLayer": "a module of Flax with its functions",
    "TFSMLayer": "a graph of TensorFlow from a path",
}
_OWN = ("keras", "tf_keras")
# Where Keras keeps functions that compute; elsewhere it has some that fetch files and load models.
_FUNCTIONS = frozenset(
    f"{own}.{part}"
    for own in _OWN
    for part in "activations losses metrics initializers regularizers constraints".split()
)
_LOOKUPS = frozenset(["StringLookup", "IntegerLookup", "TextVectorization"])
_CLOCK = 1024
_MOST = 100


def is_configuration(data: Buffer) -> bool:
    """Whether a file looks like the configuration of a model of Keras."""
    head = bytes(data[:_HEAD])
    return head[:1] == b"{" and b'"class_name"' in head and b'"config"' in head


def read_configuration(data: Buffer, nesting: Nesting) -> Scan:
    """Look through a configuration.

    Args:
        data: The whole file, JSON.
        nesting: Bounds; the clock applies.

    Returns:
        A scan without programs.
    """
    findings: list[Finding] = []
    try:
        findings += would_run(json_object(bytes(data)), nesting)
    except ValueError as error:
        findings.append(Finding("SL307", f"The configuration of Keras is {error}."))
    return Scan("keras-config", [], findings, data, single=False)


def would_run(configuration: Any, nesting: Nesting) -> list[Finding]:
    """What of a configuration is code, or leads out of Keras.

    Args:
        configuration: As JSON has it.
        nesting: Bounds; the clock applies.
    """
    findings: dict[Finding, None] = {}
    left = [configuration]
    count = 0
    while left and len(findings) < _MOST:
        count += 1
        if not count % _CLOCK:
            nesting.work.check_time()
        part = left.pop()
        if type(part) is dict:
            findings.update(dict.fromkeys(_of_object(part)))
            left += part.values()
        elif type(part) is list:
            left += part
    return list(findings)


def _of_object(part: dict[str, Any]) -> Iterator[Finding]:
    name, module = part.get("class_name"), part.get("module")
    registered, inner = part.get("registered_name"), part.get("config")
    if type(name) is not str:
        return
    # Older releases wrote a package and a name in one.
    short = name.rpartition(">")[2]
    if short in _CODE:
        yield Finding("SL112", f"The configuration has {_CODE[short]}.")
    foreign = [
        text
        for text in (name, registered)
        if type(text) is str and ">" in text and not text.startswith(_OWN)
    ]
    if type(module) is str and module.partition(".")[0] not in _OWN:
        foreign.insert(0, f"{module}.{inner if name == 'function' else name}")
    elif name == "function" and module not in _FUNCTIONS and type(inner) is str:
        foreign.insert(0, f"{module}.{inner}")
    for text in foreign[:1]:
        message = f"Keras would look for {printable(text)}, which is none of its own layers."
        yield Finding("SL113", message)
    vocabulary = inner.get("vocabulary") if type(inner) is dict else None
    if short not in _LOOKUPS or type(vocabulary) is not str:
        return
    if "://" in vocabulary or leads_outside(vocabulary):
        message = f"Building it reads the file {printable(vocabulary)}."
        yield Finding("SL308", message)
