"""What the command line says of itself becomes Markdown: a section for each verb, its own below it.

Trust: the words are safeload's own.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from unittest.mock import patch

from safeload.cli.main import whole_parser

__all__ = ["commands"]

_HEAD = """\
# Command line

Every verb ends with exit code 0 (accepted), 1 (refused), 2 (usage) or 3 (could not decide; never
take it for 0). Results go to standard output; progress and errors go to standard error
([arguments, files and streams](../calling.md)). `python -m safeload` is the same as `safeload`, and
`safeload VERB --help` says what stands here.
"""
# Where usage is broken into lines.
_COLUMNS = "72"
_CODE = re.compile(r"(`+[^`]+`+)")
# A page of the documentation, named as a file of the repository; this one is in a folder beside it.
_PAGE = re.compile(r"\bdocs/([\w/-]+\.md)")
_SPECIAL = re.compile(r"([\\*_\[\]<>#|~])")


def commands() -> str:
    """A page on all verbs, in Markdown."""
    with patch.dict("os.environ", COLUMNS=_COLUMNS):
        parser = whole_parser()
        return "\n".join([_HEAD, *_verbs(parser, "##", parser.epilog)])


def _verbs(parser: argparse.ArgumentParser, heading: str, codes: str | None) -> Iterator[str]:
    for action in _actions(parser):
        if not isinstance(action, argparse._SubParsersAction):
            continue
        summaries = {each.dest: each.help or "" for each in action._get_subactions()}
        for name, verb in action.choices.items():
            yield f"{heading} {verb.prog}\n"
            yield from _verb(verb, summaries.get(name, ""))
            # The codes that all verbs have stand at the top of the page.
            if verb.epilog and verb.epilog != codes:
                yield _prose(f"{verb.epilog[:1].upper()}{verb.epilog[1:]}.\n")
            yield from _verbs(verb, f"{heading}#", codes)


def _verb(parser: argparse.ArgumentParser, summary: str) -> Iterator[str]:
    yield _described(parser.description or f"{summary[:1].upper()}{summary[1:]}.")
    yield f"```text\n{parser.format_usage()}```\n"
    shown = parser._get_formatter()
    for action in _actions(parser):
        if isinstance(action, argparse._SubParsersAction | argparse._HelpAction):
            continue
        if action.help is argparse.SUPPRESS:
            continue
        invocation = shown._format_action_invocation(action)
        yield f"`{invocation}`\n: {_prose(shown._expand_help(action) if action.help else '')}\n"


def _actions(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    return parser._actions


def _described(text: str) -> str:
    """A description, in the form of a docstring: paragraphs, and blocks after two colons."""
    parts = []
    for block in text.strip().split("\n\n"):
        if block.startswith("    "):
            parts.append(f"```text\n{_dedented(block)}\n```")
        elif block.strip() != "::":
            parts.append(_prose(block.removesuffix("::") + ":" * block.endswith("::")))
    return "\n\n".join(parts) + "\n"


def _dedented(block: str) -> str:
    return "\n".join(line.removeprefix("    ") for line in block.splitlines())


def _prose(text: str) -> str:
    """Words as they are, whatever Markdown takes their characters for."""
    return "".join(
        part if index % 2 else _PAGE.sub(r"[\1](../\1)", _SPECIAL.sub(r"\\\1", part))
        for index, part in enumerate(_CODE.split(text))
    )
