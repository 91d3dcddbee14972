"""One file as a panel that opens: its verdict, what speaks against it, what it names and would do.

Trust: paths, names, messages and programs are hostile texts; they become text nodes. Identifiers
and links are made of numbers and of rules that are known here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from safeload.report.html.markup import Element, lines, rule_link, tag
from safeload.report.html.room import Room
from safeload.report.programs import Listing
from safeload.report.words import Group, acceptances, caveat, count, groups
from safeload.verdict import FileReport, Finding, GlobalReport, MemberReport, Skipped

__all__ = ["Programs", "panel"]

Programs = Callable[[FileReport], Sequence[Listing]]

# What one file may take of a page.
_FINDINGS = 50
_NAMES = 200
_STREAMS = 50
_MORE = "--format json lists all"


def panel(number: int, file: FileReport, room: Room, programs: Programs | None) -> Element:
    """Make the panel of a file.

    Args:
        number: Of the file on the page.
        file: The report on it.
        room: What the page may still hold.
        programs: Gives the file's programs, or None where they are not shown.
    """
    found = groups(file.findings)
    remark = caveat(file)
    return tag(
        "details",
        _summary(file, found),
        tag(
            "div",
            tag("p", remark) if remark else None,
            _facts(file),
            *(tag("p", sentence) for sentence in acceptances(file)),
            _findings(found, room),
            _names(file.globals, room),
            *(_listings(programs(file), room) if programs is not None else ()),
            _streams(file.members, room),
            _others(file.skipped, room),
            class_="body",
        ),
        class_=f"file {file.verdict.value}",
        id=f"file-{number}",
        data_verdict=file.verdict.value,
        data_rules=" ".join(dict.fromkeys(group.rule for group in found)) or None,
    )


def _summary(file: FileReport, found: Sequence[Group]) -> Element:
    first = found[0].findings[0].message if found else ""
    return tag(
        "summary",
        tag("span", file.verdict.value.upper(), class_=f"badge {file.verdict.value}"),
        " ",
        tag("h3", file.path),
        " ",
        tag("span", f"{file.format}, {count(file.size, 'byte')}", class_="facts"),
        " ",
        tag("span", first, class_="first") if first else None,
    )


def _facts(file: FileReport) -> Element:
    digest = tag("code", file.sha256) if file.sha256 else "none: nothing of it was read"
    return tag("dl", tag("dt", "SHA-256"), tag("dd", digest))


def _findings(found: Sequence[Group], room: Room) -> Element | None:
    if not found:
        return None
    total = sum(len(group.findings) for group in found)
    left, parts = _FINDINGS, []
    for group in found:
        shown = room.take(group.findings, left, lambda finding: finding.message)
        if shown:
            parts.append(_group(group, shown))
        left -= len(shown)
    return tag(
        "section",
        tag("h4", f"Findings ({total:,})"),
        *parts,
        _cut(total - (_FINDINGS - left), "finding"),
    )


def _group(group: Group, shown: Sequence[Finding]) -> Element:
    about = group.about
    return tag(
        "div",
        tag(
            "h5",
            tag(
                "span",
                rule_link(group.rule),
                f" {group.severity.value}",
                class_=group.severity.value,
            ),
            f": {about.title}",
        ),
        tag("ul", *(tag("li", one.message, _place(one.member, one.offset)) for one in shown)),
        tag(
            "dl",
            *_term("Why", about.why),
            *_term("What to do", about.remedy),
        )
        if about.why
        else None,
        class_="group",
    )


def _term(term: str, text: str) -> tuple[Element, Element]:
    # What stands between back quotes in the words of a rule is to be typed.
    parts = text.split("`")
    words = (tag("code", part) if place % 2 else part for place, part in enumerate(parts))
    return tag("dt", term), tag("dd", *words)


def _place(member: str, offset: int | None) -> Element | None:
    parts = [f"in {member}"] if member else []
    if offset is not None:
        parts.append(f"at byte {offset:,}")
    return tag("span", f" {' '.join(parts)}", class_="place") if parts else None


def _names(found: Sequence[GlobalReport], room: Room) -> Element | None:
    if not found:
        return None
    # What is not allowed is what people look for.
    shown = room.take(sorted(found, key=lambda item: item.allowed), _NAMES, lambda item: item.name)
    return tag(
        "section",
        tag("h4", f"Names ({len(found):,})"),
        _table(
            "The names that the file asks for",
            ("Name", "Uses", "First at byte", "Allowed"),
            [
                (
                    tag("code", item.name),
                    ", ".join(item.uses),
                    _where(item),
                    "yes" if item.allowed else tag("span", "no", class_="no"),
                )
                for item in shown
            ],
        ),
        _cut(len(found) - len(shown), "name"),
    )


def _where(item: GlobalReport) -> str:
    offset = "" if item.offset is None else f"{item.offset:,}"
    return f"{offset} in {item.member}" if item.member else offset


def _streams(found: Sequence[MemberReport], room: Room) -> Element | None:
    if not found:
        return None
    shown = room.take(found, _STREAMS, lambda item: item.path)
    return tag(
        "section",
        tag("h4", f"Streams ({len(found):,})"),
        _table(
            "The streams in the file",
            ("Stream", "Format", "Verdict", "Content"),
            [
                (
                    tag("code", item.path) if item.path else "the file's own",
                    item.format,
                    tag("span", item.verdict.value, class_=item.verdict.value),
                    f"{count(item.opcodes, 'opcode')}, {count(item.arrays, 'array')}",
                )
                for item in shown
            ],
        ),
        _cut(len(found) - len(shown), "stream"),
    )


def _others(found: Sequence[Skipped], room: Room) -> Element | None:
    if not found:
        return None
    shown = room.take(found, _STREAMS, lambda one: one.path + one.reason)
    return tag(
        "section",
        tag("h4", f"Other files in it ({len(found):,})"),
        _table(
            "The files in it that are not models",
            ("File", "Why it is not a model"),
            [(tag("code", one.path), one.reason) for one in shown],
        ),
        _cut(len(found) - len(shown), "file"),
    )


def _listings(found: Iterable[Listing], room: Room) -> Iterable[Element]:
    for listing in found:
        shown = room.take(listing.lines, len(listing.lines), str)
        yield tag(
            "section",
            tag("h4", f"Program: {listing.title}" if listing.title else "Program"),
            lines(shown) if shown else None,
            _cut(len(listing.lines) - len(shown) + listing.left_out, "line"),
            tag("p", f"Not shown: {listing.problem}") if listing.problem else None,
        )


def _table(
    caption: str, heads: Sequence[str], rows: Sequence[Sequence[Element | str]]
) -> Element | None:
    if not rows:
        return None
    return tag(
        "table",
        tag("caption", caption, class_="spoken"),
        tag("thead", tag("tr", *(tag("th", head, scope="col") for head in heads))),
        tag("tbody", *(tag("tr", *(tag("td", cell) for cell in row)) for row in rows)),
    )


def _cut(left_out: int, noun: str) -> Element | None:
    if left_out <= 0:
        return None
    return tag("p", f"... and {count(left_out, f'more {noun}')} ({_MORE})", class_="cut")
