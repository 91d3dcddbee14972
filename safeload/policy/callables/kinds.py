"""What does a callable that a model keeps take and give? Kinds, and the parameters a file may set.

A kept callable has a kind: a signature over plain data, which is numbers, texts, arrays, tables,
sparse matrices, and lists or dicts of these. A policy says the kind of each, which parameters
receive data, and which a file may set, each with its type and bound::

    [[callable]]
    kind = "elementwise"
    data = ["a"]
    evidence = "FunctionTransformer in scikit-learn's user guide"
    [callable.parameters]
    decimals = { type = "int", least = -20, most = 20 }
    [callable.names]
    "numpy" = ["round"]

Nothing else can be set, and data can arrive nowhere else, so that what is called computes and does
nothing else.

Trust: the table is the policy's own; the values that a file sets are hostile.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from safeload.policy.callables.parameters import MalformedSignatureError, Parameter
from safeload.scan.program import Token

__all__ = ["KINDS", "Signature"]

# What each kind takes and gives.
KINDS: dict[str, str] = {
    "elementwise": "arrays; an array of their shape",
    "array": "an array, table or sparse matrix; one of the same sort",
    "reduction": "an array; a number or a smaller array",
    "text": "a text; a text",
    "tokens": "a text; a list of texts",
    "distance": "two vectors; a number",
    "kernel": "two matrices; a matrix",
    "score": "truth, prediction and weights; a number",
    "feature_score": "data and target; a score for each column",
    "contrast": "an array; the array under a function, and under its derivative",
    "weights": "an array of distances; an array of their shape",
    "scorer": "an estimator, data and truth; a number",
    "select": "a table or array; a part of it",
    "columns": "a table; the names of some of its columns",
    "importance": "an estimator; one of its arrays",
    "factory": "nothing; an empty container or a zero",
    "splitter": "settings; a splitter of data",
    "loss": "truth and prediction; a number, by a loss of scikit-learn",
    "gp_kernel": "two matrices; a matrix, by a kernel of Gaussian processes",
    "kmeans_step": "data and centres; labels and centres",
    "own": "what a private function or method of the class that keeps it takes and gives",
    "hook": "what the attribute's own documentation says; for functions of a team",
}


@dataclass(frozen=True, slots=True)
class Signature:
    """What a kept callable takes and gives.

    Attributes:
        kinds: Keys of :data:`KINDS`; most callables have one.
        data: The parameters that receive data, in order.
        parameters: Those that a file may set, by name.
        evidence: Why it is on the list.
    """

    kinds: frozenset[str]
    data: tuple[str, ...] = ()
    # Compared by value like all the rest; what differs in nothing else is rare.
    parameters: Mapping[str, Parameter] = field(default_factory=dict, hash=False)
    evidence: str = ""

    @classmethod
    def parse(cls, table: Mapping[str, Any]) -> Signature:
        """Read a ``[[callable]]`` of a policy.

        Args:
            table: With the keys ``kind`` (a text, or a list of texts), ``data``, ``parameters``
                and ``evidence``; others are the caller's.

        Raises:
            MalformedSignatureError: It is not of this form.
        """
        kinds = table.get("kind")
        kinds = [kinds] if isinstance(kinds, str) else kinds
        if not isinstance(kinds, list) or not kinds or not all(kind in KINDS for kind in kinds):
            raise MalformedSignatureError(f"a callable has none of the kinds {', '.join(KINDS)}")
        data, evidence = table.get("data", []), table.get("evidence", "")
        if not isinstance(data, list) or not all(isinstance(name, str) for name in data):
            raise MalformedSignatureError("data is not a list of names of parameters")
        if not isinstance(evidence, str):
            raise MalformedSignatureError("evidence is not a text")
        parameters = table.get("parameters", {})
        if not isinstance(parameters, dict):
            raise MalformedSignatureError("parameters are not a table")
        # What is set of further data is a constant: a kernel with one of its matrices.
        if parameters.keys() & set(data[:1]):
            raise MalformedSignatureError("a parameter both receives data and is set")
        return cls(
            frozenset(kinds),
            tuple(data),
            {name: Parameter.parse(value) for name, value in parameters.items()},
            evidence,
        )

    @property
    def positional(self) -> tuple[str, ...]:
        """Parameters that a file may set by their places, in order."""
        return tuple(name for name, each in self.parameters.items() if not each.keyword)

    def refuses(self, name: Token, value: Token) -> str | None:
        """Why a file may not set a parameter to a value, or None.

        Args:
            name: The parameter.
            value: The value.
        """
        parameter = self.parameters.get(name) if type(name) is str else None
        if parameter is None:
            return "sets a parameter that no file may set"
        return None if parameter.admits(value) else f"sets {name} to what it may not be"
