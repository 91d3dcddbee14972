"""Reports to write: an ordinary one, an empty one, a large one, and one with hostile names."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from safeload.auditing.run import AuditReport
from safeload.errors import printable
from safeload.report.invocation import Invocation
from safeload.verdict import (
    FileReport,
    Finding,
    GlobalReport,
    MemberReport,
    Skipped,
    Suppressed,
    Verdict,
    verdict_of,
)

ROOT = Path("/srv/models")
STARTED = datetime(2026, 11, 30, 23, 59, 58, tzinfo=UTC)
INVOCATION = Invocation(STARTED, STARTED + timedelta(seconds=3.25), 1, ROOT)

# Names that mean something to a terminal, a browser, a parser or a reader.
HOSTILE = {
    "control": "a\x00\x1b[2J\r\n\t\x7f\x9b.pkl",
    "right to left": "evil\u202elkp.exe.pkl",
    "zero width": "mo\u200bdel\ufeff.pkl",
    "script": "</script><script>alert(1)</script>.pkl",
    "section of XML": "]]><!--<![CDATA[&lt;&amp;.pkl",
    "quotes": "\"' onmouseover='x' {0}{}%s`.pkl",
    "table": "a|b\\|c ||.pkl",
    "code": "``` `` </code></details> ~~~.pkl",
    "link": "[safe](https://evil.example) ![x](//evil.example/x.png) www.evil.example.pkl",
    "mention": "@everyone #1 GH-1 !1 $1 ~label 0123456789abcdef0123456789abcdef01234567.pkl",
    "emphasis": "**ACCEPTED** __ok__ ~~no~~ :white_check_mark: $x$.pkl",
    "surrogate": "caf\udce9.pkl",
    "not a surrogate of a byte": "\ud800\udfff.pkl",
    "above": "../../etc/passwd",
    "absolute": "/etc/passwd",
    "scheme": "javascript:alert(1).pkl",
    "percent": "%2e%2e/%SRCROOT%?a=b#c.pkl",
    "letters": "mod\u00e8le-\u6a21\u578b.pkl",
    "long": "x" * 10_000 + ".pkl",
    "noncharacter": "\ufffe\uffff\U0010ffff.pkl",
}


def file_of(path: str, *findings: Finding, form: str = "pickle") -> FileReport:
    """A file with these findings, and one name."""
    verdict = verdict_of(findings)
    return FileReport(
        path,
        "ab" * 32,
        27,
        form,
        verdict,
        (MemberReport("", form, verdict, 6, 0),),
        (GlobalReport("posix.system", ("call",), 2, allowed=verdict is Verdict.ACCEPT),),
        findings,
    )


def refused(path: str = "a/theirs.pkl") -> FileReport:
    """A file that is refused under two rules, one of them in many places."""
    many = [Finding("SL103", f"numpy.dtype: number {n}.", "[1]", n) for n in range(30)]
    return file_of(
        path,
        Finding("SL101", "posix.system is not on the allow-list (used: call).", "", 2),
        *many,
        Finding("SL002", "It takes more than limit seconds=60."),
    )


ORDINARY = AuditReport(
    (
        file_of("a/ours.pkl"),
        refused(),
        file_of("b/packed.joblib", Finding("SL101", "x.y.", "", 9), form="joblib+zlib"),
        FileReport(
            "gone.pkl", "", 0, "unknown", Verdict.INCOMPLETE, findings=(Finding("SL000", "Gone."),)
        ),
    ),
    (Skipped("notes.txt", "No unpickler finds a name to import in it."),),
)
# Of two files one is accepted as a whole, of the other the one rule of three; and it was ended.
SUPPRESSED = AuditReport(
    (
        replace(
            file_of("ours.pkl", Finding("SL101", "acme.Model is not on the allow-list.")),
            suppressed=(Suppressed("SL101", "[ours](x) {0}", "ann@example.org", "2027-03-31"),),
        ),
        replace(refused(), suppressed=(Suppressed("SL101", "known", "ann", "2027-03-31"),)),
    ),
    unfinished=7,
    remarks=("The cache cannot be used.",),
)
EMPTY = AuditReport(())
EVIL = AuditReport(
    tuple(
        file_of(
            name,
            Finding(
                "SL101",
                f"{printable(name)} is not on the allow-list (used: call).",
                name,
                7,
            ),
        )
        for name in HOSTILE.values()
    ),
    tuple(Skipped(name, "No unpickler finds a name to import in it.") for name in HOSTILE.values()),
)


@cache
def large(files: int = 30_000) -> AuditReport:
    """Very many files, of which every other is refused."""
    return AuditReport(
        tuple(
            file_of(f"folder {n % 97}/model {n}.pkl", *([Finding("SL101", "x.y.")] * (n % 2)))
            for n in range(files)
        )
    )
