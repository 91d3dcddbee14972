"""What the site has beyond the pages of this folder.

- Pages that lie elsewhere in the repository (SECURITY.md, CONTRIBUTING.md, the changelog) and pages
  that are made of code (the command line) are written into ``_generated``.
- A picture in SVG stands in the page itself, so that it has the colours that the reader chose.
- A link that leaves the folder leads to one of those pages, or to the code host. One that leads to
  a file that does not exist is a warning, and so ends the build.
"""

from __future__ import annotations

import os
import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING

from commands import commands
from sphinx.util import logging

if TYPE_CHECKING:
    from sphinx.application import Sphinx

__all__ = ["setup"]

_LOG = logging.getLogger(__name__)
_DOCS = Path(__file__).resolve().parent.parent
_ROOT = _DOCS.parent
_GENERATED = "_generated"
_HOST = "https://github.com/safeload/safeload/blob/main"
# Where pages of the repository stand in the site.
_MOVED = {
    "SECURITY.md": f"docs/{_GENERATED}/security.md",
    "CONTRIBUTING.md": f"docs/{_GENERATED}/contributing.md",
    "CHANGELOG.md": f"docs/{_GENERATED}/changelog.md",
    "README.md": "docs/index.md",
}
# What a code host shows in the place of a page that is made.
_INSTEAD = {"docs/safeload.1": f"docs/{_GENERATED}/command-line.md"}
# What stands below a page that a code host shows without it.
_BELOW = {"rules/README": "\n\n```{toctree}\n:hidden:\n:glob:\n\nSL*\n```\n"}
# A link of Markdown, or an address in HTML, that is neither a web address nor a place in the page.
_LINK = re.compile(r"(\]\(|(?:href|src)=\")(?!https?:|mailto:|#)([^)#\s\"]+)(#[^)\s\"]*)?")
# A picture of this folder that stands by itself.
_PICTURE = re.compile(r"^!\[[^\]]*\]\(([\w-]+\.svg)\)$", re.MULTILINE)
_FENCE = re.compile(r"^(`{3,}|~{3,}).*?^\1", re.MULTILINE | re.DOTALL)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register what happens before pages are read."""
    app.connect("builder-inited", _write_pages)
    app.connect("source-read", _read)
    return {"parallel_read_safe": True}


def _write_pages(_app: Sphinx) -> None:
    """Write the pages that do not lie in this folder, where they have changed."""
    folder = _DOCS / _GENERATED
    folder.mkdir(exist_ok=True)
    pages = {"command-line.md": commands()}
    for source, target in _MOVED.items():
        if _GENERATED in target:
            text = (_ROOT / source).read_text("utf-8")
            pages[Path(target).name] = _rewritten(text, source, target)
    for name, text in pages.items():
        path = folder / name
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")


def _read(_app: Sphinx, name: str, source: list[str]) -> None:
    if not name.startswith(_GENERATED):
        page = f"docs/{name}.md"
        text = _PICTURE.sub(_drawn, source[0])
        source[0] = _rewritten(text, page, page) + _BELOW.get(name, "")


def _drawn(match: re.Match[str]) -> str:
    """The picture itself; a blank line would end a block of HTML."""
    drawing = (_DOCS / match[1]).read_text("utf-8")
    return f'<figure class="drawing">\n{drawing}</figure>\n'


def _rewritten(text: str, page: str, target: str) -> str:
    """A page with its links as they lead from where it stands in the site.

    Args:
        text: The page.
        page: Its path in the repository, to which its links are relative.
        target: Its path in the repository if all of the site lay there.
    """
    parts, last = [], 0
    for fence in _FENCE.finditer(text):
        parts += [_with_links(text[last : fence.start()], page, target), fence[0]]
        last = fence.end()
    return "".join([*parts, _with_links(text[last:], page, target)])


def _with_links(text: str, page: str, target: str) -> str:
    def led(match: re.Match[str]) -> str:
        before, link, anchor = match[1], match[2], match[3] or ""
        path = posixpath.normpath(posixpath.join(posixpath.dirname(page), link))
        there = (_MOVED | _INSTEAD).get(path, path)
        if not (_ROOT / path).exists():
            _LOG.warning("%s: a link to %s, which is not there", page, path)
        if there.startswith("docs/") and not (_ROOT / path).is_dir():
            return before + os.path.relpath(there, posixpath.dirname(target)) + anchor
        return f"{before}{_HOST}/{path}{anchor}"

    return _LINK.sub(led, text)
