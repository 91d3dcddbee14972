"""Whole files of any format: any bytes are scanned, judged and reported, whatever they hold."""

from __future__ import annotations

import hashlib
import io
import random
from collections.abc import Sequence

from safeload.auditing.run import AuditReport
from safeload.limits import Limits
from safeload.policy.judge import judge
from safeload.policy.packs import opt_in_packs
from safeload.policy.policy import Policy
from safeload.report.console import print_report
from safeload.report.html.page import as_html
from safeload.report.json import as_json
from safeload.scan.discovery import reason_to_skip
from safeload.scan.scan import scan
from tests.fuzz import models
from tests.fuzz.mutation import MOST, bent, exchanged, respelt
from tests.fuzz.target import Target, foreseen
from tests.scan.grammar import stream

__all__ = ["TARGET", "grow"]

_LIMITS = Limits(bytes_out=1 << 22, ratio_floor=1 << 20)
_EVERY_PACK = Policy.default(packs=opt_in_packs())
# One of so many inputs is shown as people see it, too, which takes longer than all the rest.
_SHOWN = 64


def _examples() -> list[bytes]:
    files = [*models.streams(), *models.packed(), *models.archives()]
    return [data for data in files if len(data) < MOST]


def grow(rng: random.Random) -> bytes:
    """A valid stream that uses names of the allow-list."""
    names = models.policy_names()
    few = rng.sample(names, 4)
    return stream(rng, most=rng.choice((4, 12)), names=few, arrays=rng.choice((0.0, 0.1)))


def _vary(data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    kind = rng.random()
    if kind < 0.4:
        return exchanged(data, rng)
    return (respelt if kind < 0.7 else bent)(data, others, rng)


def _check(data: bytes) -> None:
    scanned = scan(data, _LIMITS)
    # Findings after decompression point into what came out.
    size = max(len(data), len(scanned.data))
    foreseen(scanned.findings, size)
    reason_to_skip("file", data)
    digest = hashlib.sha256(data).hexdigest()
    found = judge(scanned, _EVERY_PACK).report("a", digest, len(data), scanned.format)
    foreseen(found.findings, size)
    report = AuditReport((found,))
    as_json(report)
    if digest.startswith("00") or len(data) % _SHOWN == 0:
        print_report(report, file=io.StringIO())
        assert as_html(report).isascii()


TARGET = Target(
    name="judged",
    about="any bytes are scanned, judged and reported",
    examples=_examples,
    check=_check,
    vary=_vary,
    grow=grow,
)
