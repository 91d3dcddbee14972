"""Which files of a folder does somebody not want to have audited? Patterns as git takes them.

A pattern without a slash is a name, of a file or folder at any depth; one with a slash is a path
from the folder that was given. ``*`` stands for anything but a slash, ``**`` for folders, and a
slash at the end for folders only. A file that is named itself is audited all the same, and nothing
within a file is excluded: what an archive holds is the archive's.

Trust: patterns are the caller's own; names of files are hostile, and only compared.
Source: gitignore(5), without ``!`` and backslashes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from safeload.arguments import as_texts
from safeload.auditing.walk import Candidate
from safeload.errors import UsageError

__all__ = ["Excluded", "Excluding"]

_ANY = "**"


@dataclass(frozen=True, slots=True)
class Excluded:
    """What was left out of an audit because the caller wanted it.

    Attributes:
        patterns: As they were given.
        files: How many files they left out.
    """

    patterns: tuple[str, ...]
    files: int


@dataclass(frozen=True, slots=True)
class _Pattern:
    parts: tuple[str, ...]
    only_folders: bool

    def fits(self, path: Sequence[str], *, is_folder: bool) -> bool:
        """Whether it fits a path, or a folder above it.

        Args:
            path: The names of folders and of the file, from the folder that was given.
            is_folder: Whether the last is a folder as well.
        """
        # How many parts may have fitted so far.
        fitted = self._further({0})
        for place, name in enumerate(path, 1):
            fitted = self._further(
                {
                    at if self.parts[at] == _ANY else at + 1
                    for at in fitted
                    if at < len(self.parts)
                    and (self.parts[at] == _ANY or fnmatchcase(name, self.parts[at]))
                }
            )
            if len(self.parts) in fitted and (
                not self.only_folders or place < len(path) or is_folder
            ):
                return True
        return False

    def _further(self, fitted: set[int]) -> set[int]:
        """The same, with ``**`` standing for nothing."""
        for at in range(len(self.parts)):
            if at in fitted and self.parts[at] == _ANY:
                fitted.add(at + 1)
        return fitted


@dataclass(slots=True)
class Excluding:
    """Leaves files out, and counts them.

    Args:
        patterns: Patterns; without any, nothing is left out.
    """

    patterns: Sequence[str]
    _parsed: list[_Pattern] = field(init=False)
    _files: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.patterns = as_texts(self.patterns, "exclude")
        self._parsed = [_parsed(pattern) for pattern in self.patterns]

    def left(self, folder: Path, candidates: Iterable[Candidate]) -> Iterator[Candidate]:
        """The files that are not excluded.

        Args:
            folder: What was given: a folder, or a file, which is never excluded.
            candidates: The files that were found there.
        """
        for candidate in candidates:
            path = candidate.path.relative_to(folder).parts
            # Of what is found in folders, only a folder that cannot be listed is named.
            if any(each.fits(path, is_folder=candidate.named) for each in self._parsed):
                self._files += 1
            else:
                yield candidate

    @property
    def excluded(self) -> Excluded | None:
        """What was left out so far; None where there is no pattern."""
        return Excluded(tuple(self.patterns), self._files) if self._parsed else None


def _parsed(text: str) -> _Pattern:
    named = text.removeprefix("./")
    parts = tuple(part for part in named.split("/") if part)
    if not parts or "\0" in text or not {".", ".."}.isdisjoint(parts) or text.startswith("!"):
        raise UsageError(
            f"{text!r} is not a pattern of files in a folder.",
            code="exclude-malformed",
            hint="Write it as in 'tests/fixtures', '*.bak.pkl' or 'old/', relative to the folder "
            "that is audited; '!' and '..' are not supported.",
        )
    anywhere = "/" not in named.rstrip("/")
    return _Pattern((_ANY, *parts) if anywhere else parts, named.endswith("/"))
