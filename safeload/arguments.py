"""Is what a caller gave of the type that a parameter takes? If not, an error names the parameter.

One convention for all that users call: an argument of a wrong type is a UsageError
(``argument-type``), and so is a wrong value (``argument-value``, or a code that says more). Both
come before anything is read or written. A TypeError comes from Python alone, for an argument that
is missing or that no parameter takes.

Trust: arguments are the caller's own. Asked for its text, path or number, an object may raise
whatever it likes; that is a wrong value too.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, BinaryIO, TypeGuard

from safeload.errors import UsageError, printable

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

__all__ = [
    "BYTES",
    "EXTRA_DEPTH",
    "as_extra",
    "as_metrics",
    "as_moment",
    "as_number",
    "as_path",
    "as_text",
    "as_texts",
    "as_whole",
    "is_folder",
    "is_open_file",
    "require_callable",
    "require_source",
    "require_type",
    "wrong_type",
    "wrong_value",
]

# How deeply dicts and lists may lie in each other, the outermost included.
EXTRA_DEPTH = 8
_EXTRA = f"a dict of text, finite numbers, lists and dicts, {EXTRA_DEPTH} levels deep at most"


# Types of what holds bytes.
BYTES = (bytes, bytearray, memoryview)


def require_type(value: object, parameter: str, *types: type, takes: str) -> None:
    """Require a value of one of some types.

    Args:
        value: What the caller gave.
        parameter: What it was given for.
        *types: Types that will do, and their subclasses.
        takes: In words, what the parameter takes.

    Raises:
        UsageError: It is of none of them.
    """
    if not isinstance(value, types):
        raise wrong_type(value, parameter, takes)


def require_callable(value: object, parameter: str, *, takes: str) -> None:
    """Require something that can be called, or None."""
    if value is not None and not callable(value):
        raise wrong_type(value, parameter, takes)


def as_path(value: object, parameter: str = "path") -> Path:
    """Take what a caller gave for a path.

    Args:
        value: A path, as text or an object that stands for text.
        parameter: What it was given for.

    Returns:
        The path.

    Raises:
        UsageError: It is none (``no-path``): bytes, a number, or nothing at all, which would be
            this folder; or text that no file can be named by.
    """
    from pathlib import Path  # ``import safeload`` costs next to nothing, and needs none of these

    try:
        text = os.fspath(value)  # type: ignore[call-overload]
        if isinstance(text, str):
            text = str.__str__(text)
            if text and b"\0" not in os.fsencode(text):
                return Path(text)
    except Exception as error:  # whatever the object's own __fspath__ raises
        raise _no_path(parameter) from error
    raise _no_path(parameter)


def is_open_file(value: object) -> TypeGuard[BinaryIO]:
    """Whether something can be read from, as open files can, and is not a path."""
    try:
        return callable(getattr(value, "read", None)) and not hasattr(value, "__fspath__")
    except Exception:  # noqa: BLE001  # whatever the object's own attributes raise
        return False


def require_source(value: object, parameter: str = "source") -> None:
    """Require what a model may be given as: a path, bytes, or an open file.

    Args:
        value: What the caller gave.
        parameter: What it was given for.

    Raises:
        UsageError: It is none of them.
    """
    if not (isinstance(value, BYTES) or is_open_file(value)):
        as_path(value, parameter)


def is_folder(value: object) -> bool:
    """Whether something is the path of a folder; what is not a path is none."""
    if not isinstance(value, str | os.PathLike):
        return False
    # Path.is_dir() raises for names that are too long.
    return os.path.isdir(value)  # noqa: PTH112


def as_text(value: object, parameter: str) -> str:
    """Take text that is not empty and that can be written in UTF-8.

    Args:
        value: What the caller gave.
        parameter: What it was given for.

    Returns:
        The text, of type ``str`` itself.

    Raises:
        UsageError: It is no such text.
    """
    require_type(value, parameter, str, takes="text")
    text = str.__str__(value)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise wrong_value(parameter, "text without lone surrogates") from error
    if not text:
        raise wrong_value(parameter, "text that is not empty")
    return text


def as_texts(values: object, parameter: str) -> tuple[str, ...]:
    """Take several texts; a single text is one.

    Args:
        values: An iterable of text.
        parameter: What it was given for.

    Returns:
        The texts, of type ``str`` itself.

    Raises:
        UsageError: It is no such iterable, or ends in an error.
    """
    takes = "a list of texts"
    if isinstance(values, str):
        return (as_text(values, parameter),)
    if not isinstance(values, Iterable) or isinstance(values, bytes | bytearray):
        raise wrong_type(values, parameter, takes)
    try:
        items = list(values)
    except Exception as error:
        raise wrong_value(parameter, takes) from error
    return tuple([as_text(item, parameter) for item in items])


def as_whole(value: object, parameter: str, *, least: int, most: int) -> int:
    """Take a whole number between two bounds, both included.

    Args:
        value: What the caller gave, of any library's type; ``True`` is not a number.
        parameter: What it was given for.
        least: The least that will do.
        most: The most that will do.

    Returns:
        The number.

    Raises:
        UsageError: It is not a whole number, or not between the bounds.
    """
    import numbers

    takes = f"a whole number from {least} to {most}"
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise wrong_type(value, parameter, takes)
    number = int(value)
    if not least <= number <= most:
        raise wrong_value(parameter, takes)
    return number


def as_number(value: object, parameter: str) -> float:
    """Take a finite number, of any library's type.

    Args:
        value: What the caller gave; neither ``True`` nor text is a number.
        parameter: What it was given for.

    Returns:
        The number.

    Raises:
        UsageError: It is no finite number.
    """
    takes = "a finite number"
    if isinstance(value, bool) or not (hasattr(type(value), "__float__") or type(value) is int):
        raise wrong_type(value, parameter, takes)
    try:
        number = float(value)  # type: ignore[arg-type]
    except Exception as error:
        raise wrong_value(parameter, takes) from error
    if not math.isfinite(number):
        raise wrong_value(parameter, takes)
    return number


def as_moment(value: object, parameter: str) -> datetime:
    """Take a moment.

    Args:
        value: A datetime with a time zone.
        parameter: What it was given for.

    Returns:
        The moment in UTC.

    Raises:
        UsageError: It is none, has no time zone, or lies beyond the years of UTC.
    """
    from datetime import UTC, datetime

    takes = "a datetime with a time zone, within the years 1 to 9999 of UTC"
    if not isinstance(value, datetime):
        raise wrong_type(value, parameter, takes)
    try:
        if value.utcoffset() is not None:
            moment: datetime = value.astimezone(UTC)
            return moment
    except Exception as error:  # beyond the years, or a time zone's own error
        raise wrong_value(parameter, takes) from error
    raise wrong_value(parameter, takes)


def as_metrics(value: object, parameter: str) -> dict[str, float]:
    """Take numbers by name.

    Args:
        value: A mapping of text to finite numbers, or None for none.
        parameter: What it was given for.

    Returns:
        The numbers.

    Raises:
        UsageError: It is no such mapping.
    """
    if value is None:
        return {}
    takes = "a dict of finite numbers by name"
    if not isinstance(value, Mapping):
        raise wrong_type(value, parameter, takes)
    try:
        items: list[tuple[Any, Any]] = list(value.items())
    except Exception as error:
        raise wrong_value(parameter, takes) from error
    return {
        as_text(name, f"a name in {parameter}"): as_number(number, f"a value in {parameter}")
        for name, number in items
    }


def as_extra(value: object, parameter: str) -> dict[str, Any]:
    """Take anything that is plain JSON, by name.

    Args:
        value: A dict of text, numbers, ``True``, ``False``, None, and lists and dicts of these; or
            None for none.
        parameter: What it was given for.

    Returns:
        A copy, of the types that JSON has, and no subclasses of them.

    Raises:
        UsageError: It is no such dict, or nested too deeply.
    """
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise wrong_type(value, parameter, _EXTRA)
    copy: dict[str, Any] = _plain(value, parameter, EXTRA_DEPTH)
    return copy


def _plain(value: Any, parameter: str, depth: int) -> Any:
    if value is None or value is True or value is False:
        return value
    if isinstance(value, str):
        text = str.__str__(value)
        return as_text(text, parameter) if text else text
    if isinstance(value, Mapping | list | tuple) and depth:
        try:
            entries: list[Any] = list(value.items() if isinstance(value, Mapping) else value)
        except Exception as error:
            raise wrong_value(parameter, _EXTRA) from error
        if not isinstance(value, Mapping):
            return [_plain(each, parameter, depth - 1) for each in entries]
        return {
            as_text(name, f"a name in {parameter}"): _plain(each, parameter, depth - 1)
            for name, each in entries
        }
    if type(value) is int:
        return value
    if isinstance(value, float):
        return as_number(value, parameter)
    raise wrong_value(parameter, _EXTRA)


def wrong_type(value: object, parameter: str, takes: str) -> UsageError:
    """The error about an argument of a type that the parameter does not take."""
    return UsageError(
        f"{parameter} cannot be of type {printable(type(value).__name__)}.",
        code="argument-type",
        hint=f"It takes {takes}.",
    )


def wrong_value(parameter: str, takes: str) -> UsageError:
    """The error about an argument of the right type and with a value that will not do."""
    return UsageError(
        f"{parameter} has a value that it cannot have.",
        code="argument-value",
        hint=f"It takes {takes}.",
    )


def _no_path(parameter: str) -> UsageError:
    return UsageError(
        f"Expected a file path for {parameter}.",
        code="no-path",
        hint="Give the name of a file, which is not empty.",
    )
