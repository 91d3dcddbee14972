"""What lies where a model should be, and is none: a pointer to it, or a server's answer.

Trust: the bytes are hostile; the sentence is fixed and holds nothing of them.
"""

from __future__ import annotations

import re

__all__ = ["HEAD", "placeholder", "pointer"]

_LFS = re.compile(rb"version https://(?:git-lfs\.github\.com|hawser\.github\.com)/spec/")
_ANNEX = re.compile(rb"(?:(?:\.\./)*\.git)?/annex/objects/")
_HTML = re.compile(rb"<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_XML = re.compile(rb"(?:<\?xml[^>]{0,200}\?>\s*)?<Error>\s*<Code>")
_ANSWER = re.compile(
    rb"(?:\{\s*\"(?:error|message|detail)\"\s*:|(?:Entry|Repository|404:?|File|Page) not found"
    rb"|Invalid (?:username or password|credentials)"
    rb"|Access(?: to \S+)? (?:is )?(?:denied|restricted)"
    rb"|(?:401|403|404|500|502|503)[: ])",
    re.IGNORECASE,
)
# Bytes that are looked at; an answer is no longer than a few of them.
HEAD, _SHORT = 4096, 2048


def placeholder(data: bytes, size: int) -> str | None:
    """Say what stands in a model's place.

    Args:
        data: The first bytes, 4096 unless there are fewer.
        size: Bytes of the file.

    Returns:
        One or two sentences, or None if it is nothing of that kind.
    """
    if (found := pointer(data, size)) is not None:
        return found
    head = _without_comments(data[:HEAD])
    if _HTML.match(head):
        return (
            "It is an HTML page, most likely a server's answer or a sign-in form that was saved "
            "under the model's name. Download the model again."
        )
    if _XML.match(head) or (size < _SHORT and _ANSWER.match(head)):
        return (
            "It is a server's error message that was saved under the model's name. "
            "Download the model again."
        )
    return None


def pointer(data: bytes, size: int) -> str | None:
    """Say what stands in the place of any file whose content is elsewhere.

    Args:
        data: As for :func:`placeholder`.
        size: As for :func:`placeholder`.

    Returns:
        As for :func:`placeholder`.
    """
    if not size:
        return "The file is empty."
    if _LFS.match(data):
        return (
            "It is a Git LFS pointer: the file itself was not fetched. "
            "`git lfs pull` puts it in this place."
        )
    if size < _SHORT and _ANNEX.match(data):
        return (
            "It is a git-annex pointer: the file itself was not fetched. "
            "`git annex get` puts it in this place."
        )
    return None


def _without_comments(head: bytes) -> bytes:
    """A page from its first tag on."""
    head = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    while head.startswith(b"<!--"):
        head = head.partition(b"-->")[2].lstrip()
    return head
