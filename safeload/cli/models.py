"""Which models do the arguments of a verb name, and by which names are several of them signed?

A folder with a bundle of its own is one model. Any other folder stands for the models below it:
files with a bundle beside them or with the name of a model, and folders that have a bundle.

Trust: arguments are the user's own; names of files in folders are hostile, and links to folders
are not followed. A bundle that lies there is not looked at here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from safeload.arguments import is_folder
from safeload.cli.output import note
from safeload.errors import UsageError
from safeload.trust.bundle import bundle_path

__all__ = ["STEM", "names_for", "require_no_bundle", "signed_models"]

# What the name of a model may hold, for the name of its file.
STEM = "{stem}"


def signed_models(given: Sequence[str]) -> tuple[list[str], list[str]]:
    """List the models that arguments stand for.

    Args:
        given: Files and folders.

    Returns:
        The models, signed or not, so that taking a bundle away hides none; and the files in
        folders without a bundle that have the name of something that safeload does not load. A
        folder in which there is no model stands for itself.
    """
    models: list[str] = []
    unsigned: list[str] = []
    for path in given:
        if not is_folder(path) or os.path.lexists(bundle_path(path)):
            models.append(path)
            continue
        below, others = _below(path)
        models += below or [path]
        unsigned += others if below else []
    if unsigned:
        files = "1 file" if len(unsigned) == 1 else f"{len(unsigned):,} files"
        note(f"left out, as no bundle lies beside it: {files} with the name of a model")
    return models, unsigned


def require_no_bundle(models: Sequence[str], bundle: str | None) -> None:
    """Require that one bundle is not given for several models.

    Args:
        models: The models, as they were given.
        bundle: The bundle, if one was given.

    Raises:
        UsageError: It is (``several-models``).
    """
    if bundle is not None and len(models) > 1:
        raise UsageError(
            "A bundle is about one model, and several are given.",
            code="several-models",
            hint="Leave out --bundle, or give one model; each has its own bundle beside it.",
        )


def names_for(models: Sequence[str], name: str) -> list[str]:
    """The names that models are to be signed by, each another one.

    Args:
        models: Files and folders.
        name: The name; ``{stem}`` in it stands for a file's name without its last ending, and for
            a folder's name.

    Raises:
        UsageError: Two of them would have one name (``several-models``).
    """
    if len(models) > 1 and STEM not in name:
        raise UsageError(
            "Several models would be signed by one name.",
            code="several-models",
            hint=f"Write --name {STEM}, or {STEM} with something around it: it stands for the "
            "file's name without its ending.",
        )
    names: dict[str, str] = {}
    for model in models:
        own = name.replace(STEM, _stem(model))
        if own in names:
            raise UsageError(
                f"Two models would be signed by the name {own!r}: {names[own]!r} and {model!r}.",
                code="several-models",
                hint="Sign one of them in a command of its own, with another name.",
            )
        names[own] = model
    return list(names)


def _stem(path: str) -> str:
    # Of "." and "..", too.
    where = Path(os.path.abspath(path))  # noqa: PTH100  # links stay what they are called
    return where.name if is_folder(path) else where.stem


def _below(top: str) -> tuple[list[str], list[str]]:
    """The models below a folder, and what has the name of a model of another kind."""
    from safeload.auditing.walk import walk
    from safeload.scan.endings import has_model_name, has_signable_name

    found = list(walk([top]))
    files = {each.path for each in found}
    folders = {path.parent for path in files if path.name == bundle_path(path.parent).name}
    models: dict[str, None] = {}
    others = []
    for each in found:
        whole = next((above for above in _above(each.path) if above in folders), None)
        if whole is not None:
            models[str(whole)] = None
        elif each.named or bundle_path(each.path) in files or has_signable_name(each.path.name):
            # What cannot be listed, or has no bundle, is for whoever verifies it to say.
            models[str(each.path)] = None
        elif has_model_name(each.path.name):
            others.append(str(each.path))
    return list(models), others


def _above(path: Path) -> Iterator[Path]:
    """The folders that a file is in, the outermost first."""
    return reversed(path.parents)
