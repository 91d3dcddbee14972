"""Which formats can a report be written in, and what writes each of them?

One line for each. A writer is imported when its format is asked for, so that a run pays for no
other; it takes the report alone, or the report and the run that it comes from.

Trust: each writer escapes what comes from files, by the rules of its own format.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module

from safeload.auditing.run import AuditReport
from safeload.errors import UsageError
from safeload.report.invocation import Invocation

__all__ = ["FORMATS", "Format", "format_of", "render"]


@dataclass(frozen=True, slots=True)
class Format:
    """A format for reports.

    Attributes:
        writer: ``module:function`` that gives the text, below :mod:`safeload.report`.
        ending: What names of such files end with, dot included.
        media_type: What HTTP calls it.
        about: Who reads it, a phrase.
        dated: Whether the writer takes an :class:`Invocation` beside the report.
    """

    writer: str
    ending: str
    media_type: str
    about: str
    dated: bool = False


FORMATS = {
    "console": Format("console:as_text", ".txt", "text/plain", "people at a terminal"),
    "json": Format("json:as_json", ".json", "application/json", "programs"),
    "html": Format(
        "html.page:with_programs", ".html", "text/html", "people in a browser", dated=True
    ),
    "sarif": Format(
        "sarif:as_sarif", ".sarif", "application/sarif+json", "code scanning", dated=True
    ),
    "gitlab": Format("gitlab:as_gitlab", ".json", "application/json", "GitLab", dated=True),
    "junit": Format("junit:as_junit", ".xml", "application/xml", "pages of tests", dated=True),
    "markdown": Format("markdown:as_markdown", ".md", "text/markdown", "pull requests"),
}


def format_of(name: str) -> Format:
    """The format of a name.

    Args:
        name: A key of :data:`FORMATS`.

    Raises:
        UsageError: There is none (``format-unknown``).
    """
    found = FORMATS.get(name)
    if found is None:
        near = get_close_matches(name, FORMATS, n=1)
        raise UsageError(
            f"There is no format {name!r}.",
            code="format-unknown",
            hint=f"Did you mean {near[0]}?" if near else f"There are: {', '.join(FORMATS)}.",
        )
    return found


def render(report: AuditReport, name: str, invocation: Invocation) -> str:
    """Write a report in a format.

    Args:
        report: An audit's report.
        name: A key of :data:`FORMATS`.
        invocation: The run that it comes from.

    Returns:
        The text, ASCII, with a line break at its end.

    Raises:
        UsageError: There is no such format (``format-unknown``).
    """
    chosen = format_of(name)
    module, _, function = chosen.writer.partition(":")
    write = getattr(import_module(f"safeload.report.{module}"), function)
    text: str = write(report, invocation) if chosen.dated else write(report)
    return text.rstrip("\n") + "\n"
