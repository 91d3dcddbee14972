"""Make the manual page from the ``--help`` of every verb: ``python tools/man_page.py``.

The page, docs/safeload.1, is never edited by hand. The wheel has it, so that ``man safeload`` shows
it where programs of that environment are on the path.

Usage:
    man_page.py            write the page
    man_page.py --check    exit 1 where it is out of date
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from unittest.mock import patch

from argparse_manpage.manpage import Manpage

from safeload import __version__
from safeload.cli.main import whole_parser

__all__ = ["PAGE", "manual", "words"]

PAGE = Path(__file__).resolve().parent.parent / "docs" / "safeload.1"
_SUMMARY = "sign models, load only what was signed and is allowed, audit the rest"
# Where usage is broken into lines: 80 columns, less what a page is indented by.
_COLUMNS = "72"

_FIXES = (
    # A heading stands on the line of its macro.
    (r"^\.SH\n(.*)$", r".SH \1"),
    # Usage keeps its lines.
    (r"^(usage: (?:.+\n)+)", r".nf\n\1.fi\n"),
    # A quotation mark at the start of a line begins a macro, too.
    (r"^'", r"\\&'"),
)


def manual() -> str:
    """The manual page, in the macros of man(7)."""
    about = {
        "description": _SUMMARY,
        "manual_title": "User Commands",
        "project_name": "safeload",
        "version": __version__,
        # The same page whenever it is made.
        "date": __version__,
    }
    with patch.dict("os.environ", COLUMNS=_COLUMNS):
        text = str(Manpage(whole_parser(), about))
    for found, replaced in _FIXES:
        text = re.sub(found, replaced, text, flags=re.MULTILINE)
    return text


def words(page: str) -> list[str]:
    """What a page says, however its lines are broken, which differs between releases of Python."""
    return page.split()


def main() -> int:
    """Write the page, or say whether it is fresh."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    parser.add_argument("--check", action="store_true", help="exit 1 where it is out of date")
    options = parser.parse_args()
    made = manual()
    if options.check:
        return int(words(made) != words(PAGE.read_text("utf-8")))
    PAGE.write_text(made, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
