"""An audit's report as one HTML page for people, which needs no network and no script.

The page is a tree of elements (see :mod:`safeload.report.html.markup`). Its policy forbids every
request, and every style and script but its own two, which it names by their digests: were a text of
a file's ever taken for markup, it could still run and fetch nothing.

Trust: everything that a report says of files is hostile text.
Source: CSP Level 3, section 2.3.1 (hash sources); Trusted Types; WCAG 2.2, level AA.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Sequence
from datetime import UTC

from safeload import __version__
from safeload.auditing.run import AuditReport
from safeload.report.html.chart import bar, legend, table_of_rules
from safeload.report.html.filter import filters
from safeload.report.html.markup import Element, document, shipped_text, tag
from safeload.report.html.panel import Programs, panel
from safeload.report.html.room import Room
from safeload.report.invocation import Invocation
from safeload.report.programs import Rereading
from safeload.report.words import ACCEPTED, WORDS, by_weight, count, counts, excluded, rules
from safeload.shipped import shipped
from safeload.verdict import FileReport, Skipped, Verdict

__all__ = ["as_html", "with_programs"]

# Characters of the page that panels take, and what is in them beyond that: about three seconds of a
# browser's time.
_PANELS, _CONTENT = 11_000_000, 6_000_000
# Characters of a panel that nothing is in.
_EMPTY_PANEL = 1_000
_FILES = 10_000
_SKIPPED = 1_000


def as_html(
    report: AuditReport, invocation: Invocation | None = None, *, programs: Programs | None = None
) -> str:
    """The report as a page.

    Args:
        report: An audit's report.
        invocation: The run that it comes from, or None where the page has no date.
        programs: Gives the programs of a file to show beside its findings, such as
            :class:`safeload.report.programs.Rereading`; none are shown by default.

    Returns:
        HTML, ASCII, of some 17 million characters at most. What is left out is counted.
    """
    verdicts = [file.verdict for file in report.files]
    title = f"Audit of {count(len(verdicts), 'file')}: {counts(verdicts)}"
    style, script = _shipped("page.css"), _shipped("page.js")
    body = tag(
        "body",
        tag("a", "Skip to the files", href="#files", class_="skip"),
        tag("header", tag("h1", f"Audit of {count(len(verdicts), 'file')}"), _date(invocation)),
        tag("main", _summary(report), _files(report.files, programs), _skipped(report.skipped)),
        tag(
            "footer",
            tag(
                "p", f"Written by safeload {__version__}. No file was loaded, and nothing was run."
            ),
        ),
        shipped_text("script", script),
    )
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_policy(style, script)),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", title),
        shipped_text("style", style),
    )
    return document(tag("html", head, body, lang="en"))


def with_programs(report: AuditReport, invocation: Invocation | None = None) -> str:
    """The report as a page that shows the programs of files that are not accepted.

    The files are read once more, so that it takes the machine that the audit ran on.

    Args:
        report: An audit's report.
        invocation: As for :func:`as_html`.

    Returns:
        As :func:`as_html`.
    """
    return as_html(report, invocation, programs=Rereading())


def _date(invocation: Invocation | None) -> Element | None:
    if invocation is None:
        return None
    ended = invocation.ended.astimezone(UTC)
    shown = tag("time", f"{ended:%Y-%m-%d %H:%M} UTC", datetime=f"{ended:%Y-%m-%dT%H:%MZ}")
    return tag("p", shown, class_="facts")


def _policy(style: str, script: str) -> str:
    return (
        f"default-src 'none'; style-src {_digest(style)}; script-src {_digest(script)}; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; "
        "trusted-types 'none'"
    )


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _shipped(name: str) -> str:
    return shipped("safeload.report.html", name).read_text("utf-8")


def _summary(report: AuditReport) -> Element:
    verdicts = [file.verdict for file in report.files]
    return tag(
        "section",
        tag("h2", "Summary", id="summary"),
        bar(verdicts),
        legend(verdicts),
        tag("p", f"{count(report.unfinished, 'file')} not looked at: the audit was ended.")
        if report.unfinished
        else None,
        tag("p", f"{excluded(report.excluded)}: {', '.join(report.excluded.patterns)}")
        if report.excluded is not None
        else None,
        *(tag("p", remark) for remark in report.remarks),
        tag("p", ACCEPTED) if Verdict.ACCEPT in verdicts else None,
        *table_of_rules(rules(report.files)),
        aria_labelledby="summary",
    )


def _files(files: Sequence[FileReport], programs: Programs | None) -> Element:
    """The panels, with the form in front of them, and what there is no room for."""
    ranked = by_weight(files)
    shown = Room(_PANELS, markup=_EMPTY_PANEL).take(ranked, _FILES, lambda file: file.path)
    room = Room(_CONTENT)
    panels = [panel(number, file, room, programs) for number, file in enumerate(shown, 1)]
    left_out = Counter(file.verdict for file in ranked[len(shown) :])
    return tag(
        "section",
        tag("h2", "Files", id="files", tabindex="-1"),
        filters([file.verdict for file in shown], rules(shown)) if panels else None,
        *panels,
        None if panels else tag("p", "No model was found."),
        _left_out(left_out),
        aria_labelledby="files",
    )


def _left_out(found: Counter[Verdict]) -> Element | None:
    if not found:
        return None
    parts = ", ".join(f"{number:,} {WORDS[verdict]}" for verdict, number in found.items())
    text = f"There was no room for {count(found.total(), 'more file')} on this page ({parts}); "
    return tag("p", text, "--format json lists all.", class_="cut")


def _skipped(skipped: Sequence[Skipped]) -> Element | None:
    if not skipped:
        return None
    return tag(
        "section",
        tag("h2", "Skipped", id="skipped"),
        tag("p", f"{count(len(skipped), 'other file')} in the folders are not models."),
        tag(
            "details",
            tag("summary", "Which, and why"),
            tag(
                "dl",
                *(
                    part
                    for one in skipped[:_SKIPPED]
                    for part in (tag("dt", one.path), tag("dd", one.reason))
                ),
            ),
            tag("p", f"... and {len(skipped) - _SKIPPED:,} more", class_="cut")
            if len(skipped) > _SKIPPED
            else None,
        ),
        aria_labelledby="skipped",
    )
