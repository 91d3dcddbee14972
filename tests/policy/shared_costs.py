"""What rules and checks do with parts that many objects share, in steps.

Run in a process of its own, where safeload is counted (:mod:`tests.steps`); prints a line of JSON
for each rule, each check and for what the judge asks of every object: how many cases there were,
and those that cost too much.

Arguments: a number and how many such processes there are, each of which takes its share; of how
many cases one is tried; if not all are wanted, a part of their names; and ``unpaid`` if nothing is
to be paid for, so that what is walked is seen.
"""

from __future__ import annotations

from tests import steps

if __name__ == "__main__":
    steps.install()

import json
import sys
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext, suppress
from functools import partial
from itertools import count

from safeload.limits import Limits
from safeload.policy.judge import judge
from safeload.policy.packs import opt_in_packs
from safeload.policy.policy import Policy
from safeload.policy.rules import RULES
from safeload.scan.bounds.allowance import allowing
from safeload.scan.bounds.budget import WorkBudget
from safeload.scan.program import (
    Global,
    GlobalUse,
    Mapping,
    ObjectToken,
    Program,
    Scan,
    Token,
    Use,
)
from safeload.scan.scan import scan
from safeload.soundness import CHECKS, check_named
from tests.policy.legitimate_streams import JUDGED, TEAM, streams
from tests.policy.shared_parts import LARGE, OFTEN, Way, part_at, repeated, shared, ways

__all__ = ["MOST", "names"]

# Holders, and the size of what they share, in steps.
_HOLDERS, _SIZE = 8, 400
# By how much the cost may grow if both are doubled.
MOST = 2.5
# Who walks half of what is shared for each holder takes at least so many steps by the same count.
_HALF = 2
# Steps for each holder that are paid for by the bytes that it takes.
_OF_HOLDER = 32
# Legitimate objects of each rule and check.
_SEEDS = 2
_POLICY = Policy.default().with_packs(opt_in_packs()).for_format("torch")
_JUDGE = "judge"
_UNPAID = "unpaid" in sys.argv

# Asks about objects within an allowance, which has so many steps.
Subject = Callable[[Sequence[ObjectToken], int], object]


def names() -> list[str]:
    """All rules and checks, and the judge."""
    return [f"rule {name}" for name in RULES] + [f"check {name}" for name in CHECKS] + [_JUDGE]


def _subject(name: str) -> Subject:
    kind, _, name = name.partition(" ")
    if kind == _JUDGE:
        return _judge
    ask = partial(map, RULES[name]) if kind == "rule" else check_named(name)

    def within(builts: Sequence[ObjectToken], allowed: int) -> None:
        limits = Limits(unbudgeted_work=0)
        with nullcontext() if _UNPAID else allowing(limits, WorkBudget(limits, allowed)):
            for _ in ask(builts):
                pass

    return within


def _judge(builts: Sequence[ObjectToken], allowed: int) -> None:
    program = Program("", built=[*builts], globals=_NAMED)
    limits = Limits(unbudgeted_work=0)
    judge(Scan("pickle", [program], [], bytes(allowed), limits), _POLICY)


# A callable and a path: in their company everything is looked at.
_NAMED = [
    GlobalUse(*name, name, frozenset([Use.REFERENCE]), 0)
    for name in (("numpy", "log1p"), ("pathlib", "PurePosixPath"))
]


def _seeds() -> dict[str, list[ObjectToken]]:
    """Legitimate objects, by the rules and checks that are asked about them."""
    found: dict[str, dict[object, ObjectToken]] = defaultdict(dict)
    for _, data in streams():
        for program in scan(bytearray(data)).programs:
            for built in program.built:
                target = built.callable
                if not isinstance(target, Global):
                    continue
                entry = _POLICY.get(target.module, target.name)
                rule = entry.rule if entry is not None else TEAM.get(target.path)
                form = target.path, built.use, _form(built.args), *map(_form, built.states)
                if rule is not None:
                    found[f"rule {rule}"].setdefault(form, built)
                if entry is not None and entry.native is not None:
                    found[f"check {entry.native}"].setdefault(form, built)
                if target.path in JUDGED:
                    found[_JUDGE].setdefault(target.path, built)
    return {
        name: [*forms.values()][-_SEEDS if name != _JUDGE else 0 :] for name, forms in found.items()
    }


def _form(token: Token) -> object:
    return tuple(map(type, token)) if type(token) is tuple else type(token)


def _cost(subject: Subject, holders: Sequence[ObjectToken], size: int) -> int:
    before = steps.COUNT.steps
    # As the judge has it: a rule that fails, or a limit, is the end of that file.
    with suppress(Exception):
        subject(holders, size + _OF_HOLDER * _HOLDERS * size // _SIZE)
    return steps.COUNT.steps - before


def _looked_at(seed: ObjectToken, subject: Subject) -> Iterator[Way]:
    """The ways to those parts of an object that somebody looks at."""
    passed_over: set[Way] = set()
    for way in ways(seed):
        if any(way[:end] in passed_over for end in range(len(way))):
            continue
        # Neither is the same object as any other.
        for probe in ((object(),), Mapping([object(), None])):
            steps.COUNT.watched, steps.COUNT.seen = id(probe), False
            _cost(subject, [shared(seed, way, probe)], _SIZE)
            steps.COUNT.watched = 0
            if steps.COUNT.seen:
                yield way
                break
        else:
            passed_over.add(way)


def _each(seed: ObjectToken, way: Way, large: str, count: int, size: int) -> list[ObjectToken]:
    """Objects that share something large."""
    way, part = _sharing(seed, way, large, size)
    return [shared(seed, way, part) for _ in range(count)] if way else []


def _within(seed: ObjectToken, way: Way, large: str, count: int, size: int) -> list[ObjectToken]:
    """An object that has something large many times in one container."""
    way, part = _sharing(seed, way, large, size)
    holder = repeated(seed, way, part, count)
    return [] if holder is None else [holder]


def _sharing(seed: ObjectToken, way: Way, large: str, size: int) -> tuple[Way, Token]:
    """Something large and the way to where it stands, which is empty if it cannot stand there."""
    part = LARGE[large](part_at(seed, way), size)
    if part is None:
        return (), None
    if way[-1].kind == "items":
        # What is put into an object is in no other: they share that object.
        return way[:-1], shared(part_at(seed, way[:-1]), way[-1:], part)
    return way, part


def _costly(seed: ObjectToken, subject: Subject, every: int) -> Iterator[str | None]:
    """For each case, or one of several, what it costs if that grows too fast, or None."""
    numbers = count()
    for way in _looked_at(seed, subject):
        for large in LARGE:
            for share in (_each, _within) if large in OFTEN else (_each,):
                if next(numbers) % every:
                    continue
                holders = share(seed, way, large, _HOLDERS, _SIZE)
                if not holders:
                    continue
                once = _cost(subject, holders, _SIZE)
                if once < _HOLDERS * _SIZE // _HALF:
                    yield None
                    continue
                holders = share(seed, way, large, 2 * _HOLDERS, 2 * _SIZE)
                twice = _cost(subject, holders, 2 * _SIZE)
                place = " ".join(f"{step.kind}[{step.place}]" for step in way)
                how = share.__name__.strip("_")
                costs = f"{large} at {place} ({how}): {once} steps, then {twice}"
                yield costs if twice > MOST * once else None


def _main(share: int, of: int, every: int, wanted: str) -> None:
    seeds = _seeds()
    for name in [name for name in names() if wanted in name][share::of]:
        subject = _subject(name)
        cases = [case for seed in seeds.get(name, []) for case in _costly(seed, subject, every)]
        line = {"name": name, "cases": len(cases), "costly": [case for case in cases if case]}
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    _main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), "".join(sys.argv[4:5]))
