"""Models that keep pickles in a folder, in a file of a library that fits while it predicts.

``memory="folder"`` of a pipeline reads and writes pickles where it is fitted, and nowhere else.
scikit-learn fits when it is told to; sktime has forecasters and transformers that fit what they
hold whenever they predict or transform. The two are not allowed together.

Trust: tokens are hostile.
Source: ``check_memory`` of scikit-learn; ``FitInTransform``, ``TabularToSeriesAdaptor``,
``UpdateRefitsEvery`` of sktime.
"""

from __future__ import annotations

from collections.abc import Iterable

from safeload.scan.program import Global, Mapping, ObjectToken, Program

__all__ = ["fits_while_predicting", "keeps_pickles"]

_FITTING = "sktime"
_MEMORY = ("joblib.memory", "Memory")


def fits_while_predicting(programs: Iterable[Program]) -> bool:
    """Whether a file has anything of a library that fits what it holds when it predicts.

    Args:
        programs: All streams of the file.
    """
    return any(_is_of_fitting(use.module) for program in programs for use in program.globals)


def _is_of_fitting(module: str) -> bool:
    return module.partition(".")[0] == _FITTING


def keeps_pickles(built: ObjectToken) -> str | None:
    """Why an object is refused in such a file, or None.

    Args:
        built: Any object. A :class:`joblib.Memory` has a rule of its own, by which it is idle.
    """
    if isinstance(built.callable, Global) and _is_of_fitting(built.callable.module):
        # There it is a number of steps, or a word for it.
        return None
    for state in built.states:
        if not isinstance(state, Mapping):
            continue
        for key, value in zip(state.keys, state.values, strict=True):
            if key == "memory" and value is not None:
                if isinstance(value, ObjectToken) and value.is_of(*_MEMORY):
                    continue
                return "it reads pickles from a folder when it is fitted, and sktime fits it"
    return None
