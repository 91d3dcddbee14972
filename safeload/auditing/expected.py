"""Does the one file that is audited have the digest that the caller was told it has?

Trust: the digest is the caller's own. A file with another one is refused, whatever is in it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from safeload.arguments import as_text
from safeload.auditing.walk import Candidate
from safeload.errors import TrustError, UsageError

if TYPE_CHECKING:
    from safeload.auditing.one import Answer

__all__ = ["as_digest", "require_digest", "require_single"]

_DIGEST = re.compile(r"[0-9a-f]{64}")


def as_digest(value: object) -> str:
    """Take a SHA-256.

    Args:
        value: 64 hex digits, in either case.

    Raises:
        UsageError: It is none (``digest-malformed``).
    """
    text = as_text(value, "expect_sha256").strip().lower()
    if not _DIGEST.fullmatch(text):
        raise UsageError(
            "The expected digest is not a SHA-256.",
            code="digest-malformed",
            hint="Give the 64 hex digits that sha256sum shows.",
        )
    return text


def require_single(candidates: Sequence[Candidate]) -> None:
    """Require that there is one file that the digest can be about.

    Raises:
        UsageError: There are more, or none (``digest-of-many``).
    """
    if len(candidates) != 1:
        raise UsageError(
            f"One digest is expected, but there are {len(candidates):,} files.",
            code="digest-of-many",
            hint="Give the one file itself.",
        )


def require_digest(candidate: Candidate, answer: Answer, expected: str) -> None:
    """Require that a file has a digest; one that was not read has none, and its report says so.

    Raises:
        TrustError: It has another (``digest-mismatch``).
    """
    if answer.sha256 and answer.sha256 != expected:
        raise TrustError(
            f"The file is not the expected one: its SHA-256 is {answer.sha256}.",
            code="digest-mismatch",
            hint="Do not use it; ask whoever gave you the digest.",
            path=candidate.label,
        )
