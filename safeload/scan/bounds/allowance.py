"""What judging the file at hand may still cost.

Argument rules and checks of native state see one object and nothing else. Those whose work does not
show in the bytes of that object pay for it here, without being handed the means. What each of them
looks at for the first time has been paid for by the bytes of the file.

Trust: the bounds are the caller's. Outside of :func:`allowing` nothing is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

from safeload.limits import Limits
from safeload.scan.bounds.budget import OverLimitError, WorkBudget

__all__ = [
    "allowing",
    "asked",
    "check_claims",
    "check_time",
    "claim",
    "is_new",
    "judge_pattern",
    "look_at",
    "look_into",
    "spend",
]

_About = TypeVar("_About")
_Answer = TypeVar("_Answer")

# Bytes of an array that are read in a step.
_AT_ONCE = 16
# The steps of a pipeline are shown together.
_SHOWN_TOGETHER = 16


class _Allowance:
    """The allowance of one file.

    Attributes:
        budget: Steps and time.
        most: Regular expressions that may be judged.
        patterns: Those that were, and whether they are refused.
        claimed: The most columns that something is said to have.
        named: How many columns are given names when the model is shown.
        asked: What a question was asked about, by the question and its identity.
        question: What is being asked: a rule, or a check.
        seen: What was looked at, by the question and its identity, which keeping it keeps unique.
    """

    def __init__(self, limits: Limits, budget: WorkBudget) -> None:
        self.budget = budget
        self.most = limits.patterns
        self.patterns: dict[tuple[str, int], bool] = {}
        self.claimed = 0
        self.named = 0
        self.asked: dict[tuple[str, int], object] = {}
        self.question = ""
        self.seen: dict[tuple[str, int], object] = {}


_current: ContextVar[_Allowance | None] = ContextVar("allowance", default=None)


@contextmanager
def allowing(limits: Limits, budget: WorkBudget) -> Iterator[None]:
    """Count what rules and checks cost within the ``with`` statement.

    Args:
        limits: ``patterns`` applies.
        budget: What steps are taken from.
    """
    token = _current.set(_Allowance(limits, budget))
    try:
        yield
    finally:
        _current.reset(token)


def spend(steps: int, why: str) -> None:
    """Take steps that no bytes of the file pay for.

    Args:
        steps: How many.
        why: What they are for, as a sentence.

    Raises:
        OverLimitError: There are not so many left.
    """
    allowance = _current.get()
    if allowance is not None:
        allowance.budget.spend(steps, why)


def claim(columns: int, *, named: bool = False) -> None:
    """Note a number of columns, rows or the like that no bytes of the file stand for.

    Args:
        columns: How many there are said to be.
        named: Whether whoever shows the model writes a name for each of them.
    """
    allowance = _current.get()
    if allowance is not None:
        allowance.claimed = max(allowance.claimed, columns)
        allowance.named += columns if named else 0


def check_claims() -> None:
    """Bound what was claimed, after everything else was looked at.

    Raises:
        OverLimitError: It is more than a model may say it has, or all that is named is.
    """
    allowance = _current.get()
    if allowance is None:
        return
    most = allowance.budget.columns
    if allowance.claimed > most or allowance.named > _SHOWN_TOGETHER * most:
        raise OverLimitError("It claims to have more columns than any model", "columns")


def asked(question: str, ask: Callable[[_About], _Answer], about: _About) -> _Answer:
    """Ask a question of its own, to which everything is new that others have looked at.

    Args:
        question: Its name.
        ask: What looks for the answer.
        about: What it is asked about.

    Raises:
        OverLimitError: It looks at something too often.
    """
    allowance = _current.get()
    if allowance is None:
        return ask(about)
    before, allowance.question = allowance.question, question
    try:
        return ask(about)
    finally:
        allowance.question = before


def look_at(token: object, size: int, question: str | None = None) -> None:
    """Pay for reading the whole of an array or text, unless it is the first time.

    Args:
        token: What stands for it.
        size: Bytes or characters in it.
        question: As for :func:`look_into`.

    Raises:
        OverLimitError: It was read too often.
    """
    look_into(token, size // _AT_ONCE, question)


def look_into(token: object, items: int, question: str | None = None) -> None:
    """Pay for visiting each item of a container, unless it is the first time for who asks.

    Args:
        token: What stands for it.
        items: How many there are.
        question: Who asks; the question that is being asked unless given.

    Raises:
        OverLimitError: It was visited too often.
    """
    allowance = _current.get()
    if allowance is None:
        return
    key = allowance.question if question is None else question, id(token)
    if key in allowance.seen:
        allowance.budget.spend(items, "An array or container is used too many times to check.")
    else:
        allowance.seen[key] = token


def is_new(question: str, token: object) -> bool:
    """Whether a container is met for the first time by those who ask a question about it.

    Who asks for a reason to refuse a file has no need to look into the same container again: where
    there was one, the file is refused already.

    Args:
        question: What is asked.
        token: The container.
    """
    allowance = _current.get()
    if allowance is None:
        return True
    key = question, id(token)
    if key in allowance.asked:
        return False
    allowance.asked[key] = token
    return True


def check_time() -> None:
    """Look at the clock.

    Raises:
        OverLimitError: The file has had its time.
    """
    allowance = _current.get()
    if allowance is not None:
        allowance.budget.check_time()


def judge_pattern(pattern: str, flags: int, judge: Callable[[str, int], bool]) -> bool:
    """Judge a regular expression, unless it was judged before.

    Args:
        pattern: Its text.
        flags: Its flags.
        judge: Says whether it is refused.

    Raises:
        OverLimitError: There were too many others.
    """
    allowance = _current.get()
    if allowance is None:
        return judge(pattern, flags)
    known = allowance.patterns.get((pattern, flags))
    if known is None:
        if len(allowance.patterns) >= allowance.most:
            raise OverLimitError("It has too many regular expressions to check.", "patterns")
        known = allowance.patterns[pattern, flags] = judge(pattern, flags)
    return known
