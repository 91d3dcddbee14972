"""What became of each thing that a verb was given: lines for people, or one JSON object.

The object has the same form whatever the verb is and however it ends, failures included
(docs/calling.md, ``safeload/report/answer.schema.json``). Verbs that take it say what became of a
thing with :meth:`Answer.add`, and do the work under :meth:`Answer.about`, so that one thing that
fails does not stop the others.

Trust: paths, names and what signers say may be anybody's. The object is ASCII and valid for any
reader of JSON; whoever shows a decoded text escapes it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from safeload import __version__
from safeload import errors as erring
from safeload.cli.output import note, plain, show_failure
from safeload.cli.parser import add_format_option
from safeload.cli.streams import UndeliveredError, code_of
from safeload.errors import RefusedError, SafeloadError

__all__ = ["Answer", "add_answer_option", "answered", "answers_as_json", "status_of"]

_SCHEMA = 1
_FAILED = {1: "refused", 2: "usage", 3: "undecided"}
_CODES = {status: code for code, status in _FAILED.items()}
# The first that occurs is the exit code of all: a refusal is never hidden by another failure.
_WORST_FIRST = (1, 3, 2)


def add_answer_option(parser: argparse.ArgumentParser, verb: str) -> None:
    """Add ``--format`` to a verb that answers with an object.

    Args:
        parser: What to add it to.
        verb: What the object calls the verb.
    """
    add_format_option(parser)
    parser.set_defaults(answers_as=verb)


def answers_as_json(options: argparse.Namespace) -> bool:
    """Whether the answer is an object on standard output."""
    return hasattr(options, "answers_as") and options.format == "json"


def answered(options: argparse.Namespace, run: Callable[[argparse.Namespace], int]) -> int:
    """Run a verb, and print the object where one is asked for, whatever becomes of the verb.

    Args:
        options: What the parser made; a verb that answers gets its :class:`Answer` as ``answer``.
        run: The verb.

    Returns:
        The exit code.

    Raises:
        BaseException: What the verb raises, if no object is asked for; in any case what says that
            it was ended by a signal, or that standard output takes nothing.
    """
    if not hasattr(options, "answers_as"):
        return run(options)
    answer = options.answer = Answer(options.answers_as, as_json=answers_as_json(options))
    if not answer.as_json:
        return run(options)
    try:
        code = run(options)
    except (BrokenPipeError, UndeliveredError):
        raise
    except KeyboardInterrupt as ended:
        answer.write(code_of(ended))
        raise
    except BaseException as error:  # noqa: BLE001  # shown as the bug that it is
        answer.fail(None, error)
        code = answer.exit_code
    answer.write(code)
    return code


def status_of(code: int, accepted: str = "accepted") -> str:
    """The status that an exit code stands for.

    Args:
        code: The code.
        accepted: What 0 stands for.
    """
    return _FAILED.get(code, accepted)


class Answer:
    """What became of each thing so far.

    Args:
        verb: What was done, as in ``"policy learn"``.
        as_json: Whether it is an object on standard output, and no lines.

    Attributes:
        as_json: The same.
        several: Whether the verb was given more than one thing.
    """

    def __init__(self, verb: str, *, as_json: bool) -> None:
        self.as_json = as_json
        self.several = False
        self._verb = verb
        self._results: list[dict[str, Any]] = []
        self._further: dict[str, Any] = {}

    @property
    def codes(self) -> set[int]:
        """The exit codes that the results would have, each alone."""
        return {_CODES.get(result["status"], 0) for result in self._results}

    @property
    def exit_code(self) -> int:
        """1 if anything is refused, else 3 if anything is not decided, else 2, else 0."""
        return next((code for code in _WORST_FIRST if code in self.codes), 0)

    def each(self, things: Sequence[str]) -> Iterator[str]:
        """Go through what the verb was given; of more than one, say at last how many did well.

        Args:
            things: Paths.

        Yields:
            Each.
        """
        self.several = len(things) > 1
        yield from things
        if self.several:
            counts = Counter(str(result["status"]) for result in self._results)
            if "usage" in counts:
                counts["not usable"] = counts.pop("usage")
            said = ", ".join(f"{count:,} {status}" for status, count in counts.items())
            note(f"{len(things):,} models: {said}")

    @contextmanager
    def about(self, thing: str) -> Iterator[None]:
        """Let what goes wrong with one thing be its result, and be said on standard error.

        Args:
            thing: Its path.
        """
        try:
            # Of several, a line says which it is about.
            with erring.about(thing, given=self.several):
                yield
        except (BrokenPipeError, UndeliveredError, KeyboardInterrupt):
            raise
        except BaseException as error:  # noqa: BLE001  # shown as the bug that it is
            self.fail(thing, error)

    def add(self, path: str | None, status: str, **fields: Any) -> None:
        """Say what became of a thing.

        Args:
            path: Its path; None where it has none.
            status: One of the words of docs/calling.md.
            **fields: What else the object has of it.
        """
        self._results.append({"path": path, "status": status, "error": None, **fields})

    def fail(self, path: str | None, error: BaseException) -> None:
        """Say that something went wrong, on standard error too.

        Args:
            path: Of the thing that it happened to; None if it was to none alone.
            error: What was raised; what is not raised on purpose is shown as a bug.
        """
        failure = show_failure(error, path)
        self.add(path, _FAILED[failure.exit_code], error=_document(failure))

    def tell(self, **fields: Any) -> None:
        """Add to the object what is about none of the things alone."""
        self._further.update(fields)

    def say(self, *lines: str) -> None:
        """Print lines for people about one thing; of several, each has one line."""
        if not self.as_json:
            for line in ["; ".join(lines)] if self.several else lines:
                print(plain(line))

    def write(self, code: int) -> None:
        """Print the object.

        Args:
            code: What the command ends with.
        """
        document = {
            "schema": _SCHEMA,
            "safeload": __version__,
            "verb": self._verb,
            "exit_code": code,
            "results": self._results,
            **self._further,
        }
        text = json.dumps(_encodable(document), indent=2, allow_nan=False)
        # The one character of ASCII that JSON leaves as it is and terminals do not show.
        sys.stdout.write(text.replace("\x7f", "\\u007f") + "\n")


def _document(error: SafeloadError) -> dict[str, Any]:
    from safeload.report.json import file_document

    return {
        "code": error.code,
        "message": plain(error.message),
        "hint": plain(error.hint),
        "path": error.path,
        "name": error.name,
        "version": error.version,
        "report": file_document(error.report) if isinstance(error, RefusedError) else None,
    }


def _encodable(value: Any) -> Any:
    """The same without halves of characters, which names of files have and few readers take."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, dict):
        return {_encodable(key): _encodable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_encodable(item) for item in value]
    return value
