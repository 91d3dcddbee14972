"""skops files: what loading them asks for, the scan reported.

skops itself reads the schema and builds the objects, with stubs in the place of whatever it
imports. It must ask for no name that the scan did not see.
"""

from __future__ import annotations

import io
import json
import random
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import skops.io._general
import skops.io._utils
import skops.io.old._general_v0
from skops.io._audit import audit_tree, get_tree
from skops.io._utils import read_schema
from skops.io.exceptions import UntrustedTypesFoundException

from safeload.limits import Limits
from safeload.scan.containers.skops.read import has_schema, read_skops, trusted_names
from safeload.scan.containers.skops.walk import LITERAL_TYPES
from tests.fuzz import models
from tests.fuzz.documents import edited
from tests.fuzz.mutation import MOST, bent
from tests.fuzz.target import Target, Violation, foreseen
from tests.scan.schemas import archive, parts

__all__ = ["TARGET"]

_LIMITS = Limits(bytes_out=1 << 22, ratio_floor=1 << 20)
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_IMPORTERS = (skops.io._utils, skops.io._general, skops.io.old._general_v0)


def _examples() -> list[bytes]:
    return [data for data in models.archives() if len(data) < MOST]


def _vary(data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    """The schema edited in most files, a member changed in some, any bytes in the others."""
    if rng.random() < 0.1:
        return bent(data, others, rng)
    try:
        (schema, members), (other, more) = parts(data), parts(rng.choice(others))
    except Exception:  # noqa: BLE001  # an archive that was changed before may be none
        return bent(data, others, rng)
    if rng.random() < 0.8:
        schema = edited(schema, [other, schema], rng)
    if rng.random() < 0.3:
        members.update(more)
    if members and rng.random() < 0.3:
        name = rng.choice(sorted(members))
        members[name] = bent(members[name], [members[name]], rng)
    try:
        text = json.dumps(schema).encode()
    except ValueError:
        return bent(data, others, rng)
    return archive(text, members, method=rng.choice(_METHODS))


def _check(data: bytes) -> None:
    if not has_schema(data):
        return
    found = read_skops(data, _LIMITS)
    size = max(len(data), len(found.data))
    foreseen(found.findings, size)
    for program in found.programs:
        foreseen(program.findings, size)
    if found.findings or any(program.findings for program in found.programs):
        return
    (program,) = found.programs
    names = trusted_names(program)
    asked: set[tuple[str, str]] = set()
    try:
        with zipfile.ZipFile(io.BytesIO(bytes(found.data))) as file, _stubs(asked):
            schema, context = read_schema(file)
            tree = get_tree(schema, context, trusted=names)
            audit_tree(tree, trusted=names)
            tree.construct()
    except UntrustedTypesFoundException as error:
        raise Violation(f"skops finds {sorted(error.untrusted_types)} besides") from error
    except Exception:  # noqa: BLE001  # stubs cannot do all that skops does with them
        pass
    reported = {(use.module, use.name) for use in program.globals}
    literal = {("builtins", name) for name in LITERAL_TYPES}
    if hidden := asked - reported - literal:
        raise Violation(f"skops imports {sorted(hidden)}, which the scan did not report")


class _Inert:
    """What stands for everything that is imported."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def __setitem__(self, key: Any, value: Any) -> None:
        pass


@contextmanager
def _stubs(asked: set[tuple[str, str]]) -> Iterator[None]:
    def stub(module: str, name: str, package: str | None = None) -> Any:
        del package
        asked.add((module, name))
        if module == "builtins" and name in LITERAL_TYPES:
            return {"bool": bool, "dict": dict, "float": float, "int": int, "list": list}.get(
                name, str if name == "str" else _Inert
            )
        return type(name, (_Inert,), {})

    genuine = skops.io._utils._import_obj
    for module in _IMPORTERS:
        module._import_obj = stub
    try:
        yield
    finally:
        for module in _IMPORTERS:
            module._import_obj = genuine


TARGET = Target(
    name="schema",
    about="skops asks for nothing that the scan did not report",
    examples=_examples,
    check=_check,
    vary=_vary,
)
