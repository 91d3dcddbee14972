"""What the libraries beside scikit-learn define: as ``introspection.py``, for theirs.

A library is imported only when its own function runs, because few environments have them all.

Trust: the installed libraries are ours; what is found here is reviewed as a diff of the packs.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator

from introspection import Group, modules, own_classes

__all__ = ["category_encoders_groups", "imbalanced_learn_groups"]

# Packages and modules of imbalanced-learn whose classes stay out, and why.
IMBALANCED_LEFT_OUT = {
    "imblearn.datasets": "fetchers: network and files",
    "imblearn.keras": "feeds the training of another library",
    "imblearn.tensorflow": "feeds the training of another library",
    "imblearn.utils": "no part of a model's state",
}
IMBALANCED_CLASSES_LEFT_OUT = {
    "LazyLoader": "imports a module by name at the first access to an attribute",
}

# Modules of category_encoders whose classes stay out, and why.
ENCODERS_LEFT_OUT = {
    "category_encoders._contrasts": "lives only while an encoder is fitted",
    "category_encoders.base_contrast_encoder": "a base",
    "category_encoders.datasets": "reads files",
    "category_encoders.utils": "bases and tags",
}
ENCODERS_CLASSES_LEFT_OUT = {
    "HashingEncoder": "starts processes when it transforms: reviewed by hand, under its rule",
}


def imbalanced_learn_groups() -> Iterator[Group]:
    """Samplers, ensembles, pipelines."""
    yield _classes(
        "imblearn",
        IMBALANCED_LEFT_OUT,
        IMBALANCED_CLASSES_LEFT_OUT,
        "samplers, ensembles and pipelines: made empty, then given their state",
    )


def category_encoders_groups() -> Iterator[Group]:
    """Encoders and what wraps them."""
    yield _classes(
        "category_encoders",
        ENCODERS_LEFT_OUT,
        ENCODERS_CLASSES_LEFT_OUT,
        "encoders: made empty, then given their state",
    )


def _classes(
    package: str, left_out: Iterable[str], classes_left_out: Iterable[str], reason: str
) -> Group:
    """The estimators of a package, which no legitimate model keeps as a class."""
    group = Group(reason, ("construct",))
    for module in modules(package, left_out):
        for name, cls in own_classes(module):
            if name not in classes_left_out and _is_estimator(cls):
                group.add(module.__name__, name)
    return group


def _is_estimator(cls: type) -> bool:
    """Whether models hold instances of exactly this class: estimators and splitters."""
    is_one = hasattr(cls, "get_params") or hasattr(cls, "get_n_splits")
    return is_one and not inspect.isabstract(cls) and not cls.__name__.endswith("Mixin")
