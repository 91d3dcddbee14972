"""Which files does a statement cover, and how were they hashed?

A file is hashed whole (``method: files``) or in equal slices (``method: shards``); one statement
does it in one way. A shard is named after its file and where it begins and ends, and the shards of
a file follow each other from its first byte to its last. An empty file has no shard.

Names are relative, with ``/`` between their parts; ``"."`` is the only file of the statement,
whatever it is called. No system reads a part as something else than a name, and no two names are
one where case, composition or a final dot make no difference.

Trust: all of it is a signer's word about names that are hostile until they are checked here.

Source: OpenSSF Model Signing 1.0 section 6.5; model_signing 1.1 for the names of shards; UAX #15
(normal forms); "Naming Files, Paths, and Namespaces" of the Windows documentation.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from safeload.errors import TrustError, printable
from safeload.hashing import Digests, root_digest, shards_of
from safeload.trust.fields import LARGEST, items, malformed, members, sha256_hex, text
from safeload.trust.names import stands_for

__all__ = [
    "THE_FILE",
    "Covered",
    "Resource",
    "folded",
    "is_ignored",
    "read_covered",
    "why_no_file_name",
    "why_no_ignored",
    "with_files",
]

# How model_signing 1.1 names the file when it signs a single one; the specification says basename.
THE_FILE = "."

_PREDICATE = frozenset({"resources", "serialization"})
_SERIALIZATION = frozenset({"method", "hash_type", "allow_symlinks"})
_RESOURCE = frozenset({"name", "algorithm", "digest"})

# Characters of a part of a name, of a name, and parts of one.
_PART, _NAME, _DEPTH = 255, 4_096, 64
# Names and patterns of what is ignored; each is compared with each name in the folder.
_IGNORED = 1_000
_SHARD = re.compile(r"(.+):(0|[1-9][0-9]{0,18}):([1-9][0-9]{0,18})", re.ASCII | re.DOTALL)
# What Windows takes for a device, whatever the ending.
_DEVICE = re.compile(
    r"(con(in\$|out\$)?|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]) *(\..*)?", re.IGNORECASE | re.DOTALL
)
_WILD = re.compile(r"[*?]")


@dataclass(frozen=True, slots=True)
class Resource:
    """A signed file.

    Attributes:
        name: Its name, with ``/`` between parts, or ``"."`` for the only file of the statement.
        sha256: SHA-256 of its content, 64 lower-case hex digits. Of a file that was hashed in
            shards, what the signer adds for people, or an empty string.
        size: Its size in bytes, where the statement says it.
        shards: SHA-256 of each shard, in order, where it was hashed in shards.
    """

    name: str
    sha256: str
    size: int | None = None
    shards: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Covered:
    """The files of a statement.

    Attributes:
        resources: The files, at least one, in the order of the statement.
        shard_size: Bytes in each shard but the last of a file, or None for files hashed whole.
        ignored: Names, and patterns of names, that may lie in the folder and are not covered. A
            file that is covered is covered all the same.
    """

    resources: tuple[Resource, ...]
    shard_size: int | None = None
    ignored: tuple[str, ...] = ()
    _by_name: Mapping[str, Resource] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Find a file by its name in one step: there may be very many."""
        object.__setattr__(self, "_by_name", {each.name: each for each in self.resources})

    @property
    def root(self) -> str:
        """SHA-256 over all digests, in order: the digest of the statement's subject."""
        return root_digest(tuple([digest for name, digest in self._digests()]))

    def of(self, name: str) -> Resource:
        """The file of a name.

        Args:
            name: Of the file. A statement about a single file of no name is about any.

        Raises:
            TrustError: There is none (``not-covered``).
        """
        resource = self._by_name.get(name) or self._by_name.get(THE_FILE)
        if resource is not None:
            return resource
        raise TrustError(
            f"The signature covers no file named {printable(name)!r}.",
            code="not-covered",
            hint="Restore the file's name, or have it signed.",
        )

    def is_of(self, resource: Resource, content: Digests) -> bool:
        """Whether a resource is the file of some content.

        Args:
            resource: One of these resources.
            content: The digests of the bytes at hand.
        """
        if resource.size is not None and resource.size != content.size:
            return False
        if self.shard_size is None:
            return resource.sha256 == content.sha256
        return resource.shards == content.shards(self.shard_size)

    def to_json(self) -> dict[str, Any]:
        """Write the predicate that :func:`read_covered` reads."""
        method: dict[str, Any] = {"method": "files", "hash_type": "sha256", "allow_symlinks": False}
        if self.shard_size is not None:
            method |= {"method": "shards", "shard_size": self.shard_size}
        if self.ignored:
            method["ignore_paths"] = list(self.ignored)
        return {
            "serialization": method,
            "resources": [
                {"name": name, "algorithm": _algorithm(self.shard_size), "digest": digest}
                for name, digest in self._digests()
            ],
        }

    def _digests(self) -> Iterable[tuple[str, str]]:
        for resource in self.resources:
            if self.shard_size is None:
                yield resource.name, resource.sha256
                continue
            bounds = shards_of(resource.size or 0, self.shard_size)
            for (start, end), digest in zip(bounds, resource.shards, strict=True):
                yield f"{resource.name}:{start}:{end}", digest


def read_covered(predicate: object) -> Covered:
    """Read the predicate of a statement.

    Args:
        predicate: Any JSON value.

    Returns:
        The files.

    Raises:
        TrustError: It is not of this form (``manifest-malformed``).
    """
    found = members(predicate, "the predicate", _PREDICATE, closed=False)
    how = members(found["serialization"], "serialization", _SERIALIZATION, closed=False)
    if how["hash_type"] != "sha256":
        with_what = printable(text(how["hash_type"], "hash_type"), limit=20)
        raise malformed(f"its files are hashed with {with_what!r}, and SHA-256 alone is known here")
    shard_size = _shard_size(how)
    entries = [_entry(entry, shard_size) for entry in items(found["resources"], "resources")]
    if shard_size is None:
        resources = [Resource(name, digest) for name, digest in entries]
    else:
        resources = _joined(entries, shard_size)
    _check_names([resource.name for resource in resources])
    return Covered(tuple(resources), shard_size, _ignored(how.get("ignore_paths")))


def with_files(covered: Covered, files: Mapping[str, tuple[int, str]]) -> Covered:
    """Add what a signer says of files that were hashed in shards: sizes and digests of the whole.

    Args:
        covered: The files that have shards.
        files: Size in bytes and SHA-256, by name, of all files: those as well that are empty and
            have no shards.

    Returns:
        All files.

    Raises:
        TrustError: What is said does not fit the shards (``manifest-malformed``).
    """
    if covered.shard_size is None:
        raise malformed("it says of files twice what their digests are")
    resources = {resource.name: resource for resource in covered.resources}
    for name, (size, sha256) in files.items():
        known = resources.get(name, Resource(name, "", 0))
        if known.size != size:
            raise malformed("it says of a file that it has another size than its shards")
        resources[name] = replace(known, sha256=sha256)
    if resources.keys() != files.keys():
        raise malformed("it leaves out a file that has shards")
    ordered = [resources[name] for name in sorted(resources)]
    _check_names([resource.name for resource in ordered])
    return replace(covered, resources=tuple(ordered))


def why_no_file_name(name: str) -> str:
    """Say why something is not the name of a file that can be signed.

    Args:
        name: A relative name with ``/`` between its parts.

    Returns:
        The end of a sentence that begins with what it is, or an empty string for a name.
    """
    parts = name.split("/")
    if len(name) > _NAME or len(parts) > _DEPTH:
        return f"has more than {_NAME} characters or {_DEPTH} parts"
    for part in parts:
        if part in ("", ".", ".."):
            return "is not a plain relative name"
        if len(part) > _PART:
            return f"has a part of more than {_PART} characters"
        if any(character in "\\:\x7f" or character < " " for character in part):
            return "holds a character that some system reads as more than a name"
        if _DEVICE.fullmatch(part):
            return "is the name of a device on Windows"
    return ""


def why_no_ignored(name: str) -> str:
    """Say why something is neither the name nor a pattern of what may be ignored.

    Args:
        name: As :func:`is_ignored` takes it.

    Returns:
        As for :func:`why_no_file_name`.
    """
    if _WILD.search(name) and "/" in name:
        return "is a pattern of more than one part"
    return why_no_file_name(_WILD.sub("x", name))


def folded(name: str) -> str:
    """What two names have in common that are one on some system."""
    parts = unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold()).split("/")
    return "/".join(part.rstrip(". ") for part in parts)


def is_ignored(name: str, ignored: Iterable[str]) -> bool:
    """Whether a file need not be covered.

    Args:
        name: Its name, with ``/`` between parts.
        ignored: Names of files and of folders, each with all that is in it; and patterns with ``*``
            and ``?``, neither of which stands for ``/``, of a part of the name at any place. Other
            tools have no patterns, and files of such a name.
    """
    parts = name.split("/")
    for each in ignored:
        if name == each or name.startswith(f"{each}/"):
            return True
        if _WILD.search(each) and any(stands_for(each, part) for part in parts):
            return True
    return False


def _algorithm(shard_size: int | None) -> str:
    return "sha256" if shard_size is None else f"sha256-sharded-{shard_size}"


def _shard_size(how: Mapping[str, Any]) -> int | None:
    if how["method"] == "files":
        return None
    if how["method"] != "shards":
        raise malformed("its files are hashed neither whole nor in shards")
    size: Any = how.get("shard_size")
    # model_signing writes numbers as protobuf's Struct has them: 16777216.0.
    if isinstance(size, float) and size.is_integer():
        size = int(size)
    if type(size) is not int or not 0 < size <= LARGEST:
        raise malformed("its shards have no size")
    return size


def _entry(entry: object, shard_size: int | None) -> tuple[str, str]:
    described = members(entry, "a resource", _RESOURCE, closed=False)
    if described["algorithm"] != _algorithm(shard_size):
        raise malformed("a resource is not hashed with SHA-256")
    name = text(described["name"], "a resource's name")
    return name, sha256_hex(described["digest"], "a resource's digest")


def _joined(entries: list[tuple[str, str]], shard_size: int) -> list[Resource]:
    """The files that shards make up."""
    ends: dict[str, int] = {}
    digests: dict[str, list[str]] = {}
    previous = ""
    for shard, digest in entries:
        found = _SHARD.fullmatch(shard)
        if found is None:
            raise malformed("a resource is not named as a shard is")
        name, start, end = found[1], int(found[2]), int(found[3])
        if name != previous and name in ends:
            raise malformed("the shards of a file do not follow each other")
        previous = name
        size = ends.get(name, 0)
        if start != size or size % shard_size:
            raise malformed("the shards of a file overlap or leave a gap")
        if not start < end <= start + shard_size:
            raise malformed("a shard is empty or longer than shards are")
        ends[name] = end
        digests.setdefault(name, []).append(digest)
    return [Resource(name, "", end, tuple(digests[name])) for name, end in ends.items()]


def _check_names(names: list[str]) -> None:
    if not names:
        raise malformed("it covers no file")
    if names == [THE_FILE]:
        return
    for name in names:
        if wrong := why_no_file_name(name):
            raise malformed(f"the name {printable(name)!r} {wrong}")
    if len(set(names)) != len(names):
        raise malformed("it names a file twice")
    alike = [folded(name) for name in names]
    distinct = set(alike)
    if len(distinct) != len(names):
        raise malformed("two of its names are one where case or composition make no difference")
    if names not in (sorted(names), sorted(names, key=lambda name: name.split("/"))):
        raise malformed("its resources are out of order")
    # Folding leaves separators where they are, so what is before one is the folder, folded.
    if any(each[:at] in distinct for each in alike for at in _separators(each)):
        raise malformed("it takes a file for a folder")


def _separators(name: str) -> Iterable[int]:
    return [at for at, character in enumerate(name) if character == "/"]


def _ignored(value: object) -> tuple[str, ...]:
    """What may lie in the folder, as it was written; what names nothing there is of no effect."""
    if value is None:
        return ()
    names = items(value, "ignore_paths")
    if len(names) > _IGNORED:
        raise malformed(f"it ignores more than {_IGNORED:,} names and patterns")
    return tuple([text(each, "ignore_paths") for each in names])
