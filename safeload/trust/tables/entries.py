"""A signer becomes its entry in a trust file: TOML that reads back as the same signer.

Trust: names and patterns are the caller's own, and held to what a trust file may say.

Source: TOML 1.0.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from safeload.errors import UsageError
from safeload.trust.keys import VerifyingKey
from safeload.trust.tables.faults import Unfit
from safeload.trust.tables.grants import patterns
from safeload.trust.tables.values import line

__all__ = ["digests_text", "entry_text", "signer_text"]

_BARE = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


def entry_text(
    name: str,
    key: VerifyingKey,
    models: Iterable[str],
    *,
    not_before: datetime | None = None,
    not_after: datetime | None = None,
) -> str:
    """Write the entry of a key.

    Args:
        name: Who holds it.
        key: The public key.
        models: Patterns of the model names that it may sign.
        not_before: When trust in it begins, with a time zone, or None.
        not_after: When trust in it ends, with a time zone, or None.

    Returns:
        TOML that :func:`safeload.trust.tables.text.parse_trust` reads.

    Raises:
        UsageError: There is no model, what is given is no pattern of names, or the name does not
            fit into a line.
    """
    return signer_text(
        "keys", name, {"public": key.pem}, models, not_before=not_before, not_after=not_after
    )


def signer_text(
    kind: str,
    name: str,
    entries: Mapping[str, str],
    models: Iterable[str],
    *,
    not_before: datetime | None = None,
    not_after: datetime | None = None,
) -> str:
    """Write the entry of a signer of any kind.

    Args:
        kind: ``"keys"``, ``"certificates"`` or ``"identities"``.
        name: Who it is.
        entries: What it is verified with; text of one line, or of several that end in a line break.
        models: Patterns of the model names that it may sign.
        not_before: When trust in it begins, with a time zone, or None.
        not_after: When trust in it ends, with a time zone, or None.

    Raises:
        UsageError: As for :func:`entry_text`.
    """
    try:
        listed = patterns(list(models), "a signer")
        header = line(name, "a name", ())
        values = {entry: _text(value, entry) for entry, value in entries.items()}
    except Unfit as unfit:
        raise UsageError(
            f"The entry for a trust file cannot be written: {unfit.why}.",
            code="trustfile-malformed",
            hint=unfit.hint or "Choose another name, or other patterns of model names.",
        ) from unfit
    values["models"] = f"[{', '.join(map(_quoted, listed))}]"
    for entry, moment in (("not_before", not_before), ("not_after", not_after)):
        if moment is not None:
            values[entry] = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    lines = [f"[{kind}.{header if _BARE.fullmatch(header) else _quoted(header)}]"]
    lines += [f"{entry} = {value}" for entry, value in values.items()]
    return "\n".join(lines) + "\n"


def digests_text(entry: str, digests: Iterable[str], reason: str | None = None) -> str:
    """Write a list of digests.

    Args:
        entry: What the list is called.
        digests: Hex digits.
        reason: A comment behind each, of one line; or None.
    """
    items = sorted(digests)
    if not items:
        return f"{entry} = []\n"
    comment = "" if reason is None else f"  # {reason}"
    return f"{entry} = [\n" + "".join([f'    "{item}",{comment}\n' for item in items]) + "]\n"


def _text(value: str, entry: str) -> str:
    if value.endswith("\n"):
        # PEM: neither quotation marks nor backslashes.
        return f'"""\n{value}"""'
    return _quoted(line(value, entry, (), most=4095))


def _quoted(text: str) -> str:
    # A JSON string of printable characters is a TOML string too.
    return json.dumps(text, ensure_ascii=False)
