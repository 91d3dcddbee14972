"""An ``MLmodel`` file becomes the few facts in it that anything here goes by.

It is read as plain text, lists and mappings: nothing in it becomes a number, a date or an object,
no mapping is merged into another, and a tag is an error.

Trust: the file is hostile, unless it was taken from what a signer signed; then it is the signer's
word. Size, nesting and the number of its parts are bounded.

Source: ``mlflow.models.Model.to_dict``; YAML 1.1 without tags and merge keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from safeload.auditing.sources.extras import require
from safeload.errors import ArtefactError, TrustError, printable
from safeload.scan.program import Buffer
from safeload.trust.resources import why_no_file_name

__all__ = ["MLMODEL", "MlModel"]

MLMODEL = "MLmodel"
# Bytes, levels and parts. A signature with thousands of columns is one part of some 300 KB.
_LARGEST = 1 << 20
_DEEPEST = 32
_MOST_PARTS = 20_000
# Flavors whose file is a pickle or skops, and which entry names that file.
_FILES = {"sklearn": "pickled_model", "lightgbm": "data"}
_PYFUNC = "python_function"


@dataclass(frozen=True, slots=True)
class MlModel:
    """What an ``MLmodel`` file says.

    Attributes:
        run_id: The run that logged the model, or None.
        model_id: What the server calls it, from MLflow 3 on; or None.
        flavors: The entries of each flavor, by its name.
    """

    run_id: str | None
    model_id: str | None
    flavors: Mapping[str, Mapping[str, Any]]

    @classmethod
    def parse(cls, data: Buffer) -> MlModel:
        """Parse an ``MLmodel`` file.

        Args:
            data: Its bytes.

        Raises:
            ArtefactError: It is none (``mlmodel-malformed``).
            UsageError: There is no library that reads YAML.
        """
        entries = _parsed(data)
        flavors = entries.get("flavors")
        if not isinstance(flavors, dict):
            raise _malformed("lists no flavors")
        for name, flavor in flavors.items():
            if not isinstance(flavor, dict):
                raise _malformed(f"says nothing that is understood of the flavor {name!r}")
        return cls(_text(entries, "run_id"), _text(entries, "model_id"), flavors)

    def model_file(self) -> str:
        """The name of the file that holds the model which another flavor wrote.

        Returns:
            A relative name with ``/`` between parts, which leads out of no folder.

        Raises:
            ArtefactError: No flavor in it has such a file (``no-flavor``), or the name is none
                (``file-name``).
        """
        for flavor, entry in _FILES.items():
            if flavor not in self.flavors:
                continue
            name = self.flavors[flavor].get(entry)
            if not isinstance(name, str):
                raise _malformed(f"names no file of the flavor {flavor!r}")
            if wrong := why_no_file_name(name):
                raise ArtefactError(
                    f"The file of the model cannot be {printable(name)!r}: it {wrong}.",
                    code="file-name",
                    hint="A model lies in its own folder; do not use this one.",
                )
            return name
        there = ", ".join(repr(printable(name)) for name in list(self.flavors)[:10])
        raise ArtefactError(
            f"The model has no flavor that can be loaded; it has {there or 'none'}.",
            code="no-flavor",
            hint=f"These can: {', '.join(_FILES)}.",
        )

    def require_loader(self, module: str) -> None:
        """Require that MLflow would give the model to one module to load.

        Args:
            module: Its name.

        Raises:
            TrustError: It would not (``loader-module``).
        """
        flavor = self.flavors.get(_PYFUNC, {})
        # With ``data``, the module is given another path than the folder that was verified.
        if flavor.get("loader_module") != module or "data" in flavor:
            raise TrustError(
                "The model was signed, but not for MLflow to load it through safeload.",
                code="loader-module",
                hint="Write it with safeload.serving.mlflow, or use load_model if it has no "
                "python_function flavor.",
            )

    @property
    def code(self) -> str | None:
        """The folder with the model's own code, if it has one."""
        folders = {str(flavor["code"]) for flavor in self.flavors.values() if _has_code(flavor)}
        if len(folders) > 1 or any(why_no_file_name(folder) for folder in folders):
            raise _malformed("names a folder of code that is none")
        return folders.pop() if folders else None


def _has_code(flavor: Mapping[str, Any]) -> bool:
    return flavor.get("code") not in (None, "", "null", "~")


def _parsed(data: Buffer) -> dict[str, Any]:
    if len(data) > _LARGEST:
        raise _malformed(f"has more than {_LARGEST:,} bytes")
    yaml = require("yaml", "mlflow")
    try:
        text = bytes(data).decode()
        entries = yaml.load(text, Loader=_loader(yaml))
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise _malformed("is not the YAML that MLflow writes") from error
    if not isinstance(entries, dict):
        raise _malformed("is not a mapping")
    return entries


def _loader(yaml: Any) -> Any:
    """What reads YAML as text, lists and mappings, within bounds."""

    class Plain(yaml.BaseLoader):  # type: ignore[misc]
        level = 0
        parts = 0

        def compose_node(self, parent: Any, index: Any) -> Any:
            self.parts += 1
            if self.parts > _MOST_PARTS or self.level == _DEEPEST:
                raise yaml.YAMLError("too large")
            if getattr(self.peek_event(), "tag", None) is not None:
                raise yaml.YAMLError("a tag")
            self.level += 1
            node = super().compose_node(parent, index)
            self.level -= 1
            return node

        def construct_mapping(self, node: Any, deep: bool = False) -> Any:  # noqa: FBT001, FBT002
            made = super().construct_mapping(node, deep=deep)
            # Readers differ in which of two entries of one name they believe.
            if len(made) != len(node.value):
                raise yaml.YAMLError("an entry twice")
            return made

    return Plain


def _text(entries: Mapping[str, Any], name: str) -> str | None:
    value = entries.get(name)
    return value if isinstance(value, str) and value not in ("", "null", "~") else None


def _malformed(what: str) -> ArtefactError:
    return ArtefactError(
        f"The file MLmodel {printable(what)}.",
        code="mlmodel-malformed",
        hint="Get the model again from whoever logged it.",
    )
