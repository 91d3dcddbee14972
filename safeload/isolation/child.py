"""The other process: it confines itself, loads one model, and answers calls until nobody asks.

Started with a fresh interpreter (``-I``), an empty environment and nothing but pipes. Until it
is confined it imports only what it needs for that: afterwards the process must have had one thread.

Trust: requests come from the process that started this one. From the moment the model is unpickled,
whatever happens here may be the model's doing, and nothing that is sent back is believed.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar

from safeload.errors import DriftWarning, LoadError, SafeloadError, printable
from safeload.isolation.channel import Bytes, NoFormError, receive, send
from safeload.isolation.confinement import confine
from safeload.isolation.keeper import hear_signals
from safeload.limits import Isolation, Limits

__all__ = ["METHODS", "main"]

METHODS = ("predict", "predict_proba", "decision_function", "score_samples", "transform")

# The caller's process is trusted with the size of what it asks.
_ANY = 1 << 62

_Answer = tuple[dict[str, Any], list[Bytes]]


def main(life: int | None) -> None:
    """Confine this process and serve one model.

    Args:
        life: The reading end of a pipe whose other end only the caller has, or None.
    """
    hear_signals()
    null = os.open(os.devnull, os.O_RDWR)
    request, _ = receive(0, text=_ANY, size=0)
    try:
        confinement = confine(Isolation(**request["isolation"]), life)
    except OSError as error:
        # There are no processes or open files left for this user, for example.
        send(1, {"failed": f"{error}"})
        return
    requests, answers = os.dup(0), os.dup(1)
    # What the model or a library prints must not mix with the answers.
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    send(answers, {"confinement": asdict(confinement)})
    _Server().serve(requests, answers)


class _Server:
    """Loads a model and calls it, as it is asked to."""

    def __init__(self) -> None:
        self._model: Any = None

    def serve(self, requests: int, answers: int) -> None:
        """Answer until nobody asks any more.

        Args:
            requests: File descriptor to read from.
            answers: File descriptor to write to.
        """
        with suppress(EOFError):
            while True:
                request, data = receive(requests, text=_ANY, size=_ANY)
                send(answers, *self._answer(request, data))

    def _answer(self, request: dict[str, Any], data: bytearray) -> _Answer:
        from safeload.isolation.forms import write_error

        with warnings.catch_warnings(record=True) as caught:
            try:
                answer, parts = self._DOING[next(iter(request))](self, request, data)
            except MemoryError:
                return {"error": write_error(_out_of_memory())}, []
            except SafeloadError as error:
                return {"error": write_error(error)}, []
        told = [warning.message for warning in caught]
        # The caller's process makes sentences of these itself, from what it knows.
        drifts = [[each.library, each.written] for each in told if isinstance(each, DriftWarning)]
        texts = [str(each) for each in told if not isinstance(each, DriftWarning)]
        return {**answer, "drift": drifts, "warnings": texts}, parts

    def _load(self, request: dict[str, Any], data: bytearray) -> _Answer:
        from safeload.artefact import Artefact
        from safeload.isolation.forms import read_policy
        from safeload.loading.admit import admit, deserialise

        asked = request["load"]
        policy = read_policy(asked["policy"])
        artefact = Artefact.holding(data, path=Path())
        accepted = admit(artefact, policy, Limits(**asked["limits"]))
        try:
            self._model = deserialise(accepted, policy, signed=asked["signed"])
        except LoadError as error:
            if isinstance(error.__cause__, MemoryError):
                raise error.__cause__ from error
            raise
        if asked["compare"]:
            from safeload.loading.probe import check_probe

            check_probe(self._model, asked["probe"])
        return self._introduced(), []

    def _introduced(self) -> dict[str, Any]:
        kind = type(self._model)
        methods = [name for name in METHODS if hasattr(self._model, name)]
        return {"type": f"{kind.__module__}.{kind.__qualname__}", "methods": methods}

    def _open(self, request: dict[str, Any], data: bytearray) -> _Answer:
        """Have a model in ONNX in the place of an estimator."""
        from safeload.isolation.session import Session

        self._model = Session(bytes(data))
        return self._introduced(), []

    def _write(self, request: dict[str, Any], data: bytearray) -> _Answer:
        """Give the bytes of the model in another format."""
        from safeload.isolation.values import Reader
        from safeload.isolation.written import written

        asked = request["write"]
        sample = Reader(data).whole(asked["sample"])
        options = {name: asked[name] for name in ("form", "compress", "single")}
        return {}, [written(self._model, sample=sample, **options)]

    def _call(self, request: dict[str, Any], data: bytearray) -> _Answer:
        from safeload.isolation.values import Reader, Writer

        asked = request["call"]
        method, writer = asked["method"], Writer()
        try:
            outcome = getattr(self._model, method)(Reader(data).whole(asked["value"]))
            return {"value": writer.value(outcome)}, writer.parts
        except MemoryError:
            raise
        except NoFormError as error:
            raise _failed(f"{method} returned {error}, which is not handed on") from error
        except Exception as error:
            what = f"{type(error).__name__}: {printable(str(error).rstrip('.'))}"
            raise _failed(f"{method} failed: {what}") from error

    _DOING: ClassVar[Mapping[str, Callable[[_Server, dict[str, Any], bytearray], _Answer]]] = {
        "load": _load,
        "open": _open,
        "write": _write,
        "call": _call,
    }


def _failed(what: str) -> LoadError:
    return LoadError(
        f"The model's {what}.",
        code="isolated-call-failed",
        hint="Give it what it was trained on: the same columns, in the same order and types.",
    )


def _out_of_memory() -> LoadError:
    return LoadError(
        "The isolated process has no memory left.",
        code="isolated-memory",
        hint="Give it more (Isolation(memory=...)) if you expect a model of this size.",
    )
