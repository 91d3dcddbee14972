"""A third party's model at arm's length: it predicts in a process of its own.

Trust: predictions are whatever the model wants them to be. They arrive as plain arrays, numbers and
text, never as anything that runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from types import TracebackType
from typing import Any, NoReturn, Self

from safeload.artefact import Artefact
from safeload.errors import DriftWarning, UsageError
from safeload.isolation.channel import GarbledError, NoFormError
from safeload.isolation.child import METHODS
from safeload.isolation.clock import Clock
from safeload.isolation.confinement import Confinement
from safeload.isolation.forms import read_error, read_lists, read_text, read_texts, write_policy
from safeload.isolation.process import Process
from safeload.isolation.values import Reader, Writer
from safeload.limits import Isolation, Limits
from safeload.loading.environment import drift
from safeload.policy.policy import Policy
from safeload.unruly import described
from safeload.warned import warn

__all__ = ["IsolatedModel", "load_isolated", "open_session"]

# Different warnings of one model that are passed on.
_WARNINGS = 100


class IsolatedModel:
    """A model that lives in another process.

    Inputs are what models take: arrays, sparse matrices, data frames, lists of texts. So are
    outputs. Use it in a ``with`` statement, or call :meth:`close`; a model that nobody refers to
    any more is closed too. Calls from several threads wait for each other. It belongs to the
    process that loaded it: a fork of that process has to load its own.

    Attributes:
        type: The model's class, as its process says.
        methods: Which of the methods here it has, as its process says.
        confinement: What holds the process on this machine, and what does not.
    """

    def __init__(self, process: Process, path: str, type_: str, methods: tuple[str, ...]) -> None:
        self._process = process
        self._path = path
        self._warned: set[str] = set()
        self.type = type_
        self.methods = methods

    @property
    def confinement(self) -> Confinement:
        """What holds the process on this machine, and what does not."""
        return self._process.confinement

    def predict(self, data: Any) -> Any:
        """The model's predictions."""
        return self._call("predict", data)

    def predict_proba(self, data: Any) -> Any:
        """The model's probabilities of each class."""
        return self._call("predict_proba", data)

    def decision_function(self, data: Any) -> Any:
        """The model's confidence in each class."""
        return self._call("decision_function", data)

    def score_samples(self, data: Any) -> Any:
        """The model's score of each sample."""
        return self._call("score_samples", data)

    def transform(self, data: Any) -> Any:
        """What the model makes of the data."""
        return self._call("transform", data)

    def written(
        self, form: str, *, compress: int = 0, sample: Any = None, single: bool = False
    ) -> bytearray:
        """The bytes of the model in another format, as its process says.

        Args:
            form: ``"joblib"``, ``"skops"`` or ``"onnx"``.
            compress: How hard joblib is to compress, 0 to 9.
            sample: Rows of what it predicts on, for ONNX.
            single: Whether numbers come to ONNX in single precision.

        Returns:
            A file, as hostile as the model.

        Raises:
            LoadError: The format cannot hold the model (``cannot-convert``), or its process failed.
            UsageError: The sample has no form in which it can be sent, or the model was closed.
        """
        writer = Writer()
        question = {
            "form": form,
            "compress": compress,
            "single": single,
            "sample": _sent(writer, sample),
        }
        return self._process.ask({"write": question}, self._bytes, writer.parts)

    def _bytes(self, answer: dict[str, Any], data: bytearray, clock: Clock) -> bytearray:
        _heard(answer, self._path, clock)
        return data

    def close(self) -> None:
        """End the process."""
        self._process.end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        """Refuse to be copied or pickled.

        Raises:
            UsageError: Always.
        """
        raise UsageError(
            "An isolated model is a process, which is neither copied nor sent to another one.",
            code="isolated-copied",
            hint="Load it in each process that uses it; threads can share it.",
        )

    def __repr__(self) -> str:
        return f"<IsolatedModel {self.type}>"

    def _call(self, method: str, data: Any) -> Any:
        """Call a method of the model.

        Raises:
            UsageError: The model has no such method, the data have no form in which they can be
                sent, the model was closed, or it belongs to another process.
            LoadError: The method failed, or its process did.
        """
        self._process.check()
        if method not in self.methods:
            raise UsageError(
                f"The model has no method {method}.",
                code="isolated-no-method",
                hint=f"It has {', '.join(self.methods) or 'none that can be called from outside'}.",
            )
        writer = Writer()
        question = {"call": {"method": method, "value": _sent(writer, data)}}
        warned, value = self._process.ask(question, self._value, writer.parts)
        for text in warned:
            # Python keeps each one that it has shown, for good.
            if text in self._warned or len(self._warned) < _WARNINGS:
                self._warned.add(text)
                warn(text)
        return value

    def _value(
        self, answer: dict[str, Any], data: bytearray, clock: Clock
    ) -> tuple[list[str], Any]:
        warned = _heard(answer, self._path, clock)
        return warned, Reader(data, clock).whole(answer.get("value"))


def load_isolated(
    artefact: Artefact,
    policy: Policy,
    limits: Limits,
    isolation: Isolation,
    *,
    signed: Mapping[str, str] | None = None,
    compare: bool = False,
    probe: Mapping[str, Any] | None = None,
) -> IsolatedModel:
    """Scan, judge and load a file in a process of its own.

    Args:
        artefact: The file.
        policy: What is allowed.
        limits: Bounds on the scan.
        isolation: Bounds on the process.
        signed: Versions by library, from the manifest of a signed file.
        compare: Whether to compare predictions with the probe's.
        probe: The probe, from the manifest of a signed file.

    Returns:
        The model.

    Raises:
        RefusedError: The file's content is not allowed, or was not read in full.
        LoadError: It does not load there, or the process failed; its ``code`` says how.
    """
    path = str(artefact.path)
    clock = Clock(isolation.seconds)
    process = Process(isolation, clock)
    question = {
        "load": {
            "policy": write_policy(policy),
            "limits": asdict(limits),
            "signed": signed if signed is None else dict(signed),
            "compare": compare,
            "probe": probe if probe is None else dict(probe),
        }
    }
    try:
        model, warned = process.ask(
            question,
            lambda answer, data, clock: _introduced(process, path, answer, data, clock, signed),
            [memoryview(artefact.data)],
            clock=clock,
        )
        for each in warned:
            warn(each)
    except BaseException:
        process.end()
        raise
    return model


def open_session(data: bytes | bytearray, path: str, isolation: Isolation) -> IsolatedModel:
    """Have a model in ONNX answer in a process of its own.

    Args:
        data: The file.
        path: What to call it.
        isolation: Bounds on the process.

    Returns:
        The model. Its ``predict_proba`` is whatever a classifier gives beside its labels.

    Raises:
        LoadError: onnxruntime does not take it (``cannot-convert``), or the process failed.
    """
    clock = Clock(isolation.seconds)
    process = Process(isolation, clock)
    try:
        model, _ = process.ask(
            {"open": {}},
            lambda answer, data, clock: _introduced(process, path, answer, data, clock, None),
            [data],
            clock=clock,
        )
    except BaseException:
        process.end()
        raise
    return model


def _sent(writer: Writer, data: Any) -> Any:
    """The form in which data are sent."""
    try:
        return writer.value(data)
    except NoFormError as error:
        raise _not_sent(str(error)) from error
    except Exception as error:  # whatever an object raises when it is asked what it holds
        raise _not_sent(f"what cannot be read ({described(error)})") from error


def _not_sent(what: str) -> UsageError:
    return UsageError(
        f"The data hold {what}, which is not sent to an isolated model.",
        code="isolated-input",
        hint="Give arrays, sparse matrices, data frames or lists of plain values.",
    )


def _heard(answer: dict[str, Any], path: str, clock: Clock) -> list[str]:
    """The warnings of an answer; raises the error that it tells of."""
    if "error" in answer:
        raise read_error(answer["error"], path, clock)
    return read_texts(answer.get("warnings"))


def _introduced(
    process: Process,
    path: str,
    answer: dict[str, Any],
    data: bytearray,
    clock: Clock,
    signed: Mapping[str, str] | None,
) -> tuple[IsolatedModel, list[str | DriftWarning]]:
    heard = _heard(answer, path, clock)
    warned: list[str | DriftWarning] = [*_drifts(answer, signed), *heard]
    if data:
        raise GarbledError("it has bytes that belong to nothing")
    has = set(read_texts(answer.get("methods")))
    methods = tuple(method for method in METHODS if method in has)
    return IsolatedModel(process, path, read_text(answer.get("type")), methods), warned


def _drifts(answer: dict[str, Any], signed: Mapping[str, str] | None) -> Iterator[DriftWarning]:
    """The releases that differ, of the libraries that the process names.

    What is installed is known here, and so is what the signer had. What wrote a file that nobody
    signed, the process says, as the file would.
    """
    for library, releases in read_lists(answer.get("drift")):
        had = releases if signed is None else [signed[library]] if library in signed else []
        found = drift(library, had, signed=signed is not None)
        if found is not None:
            yield found
