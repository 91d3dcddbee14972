"""What recipes of forged boosters share: genuine fitted models, whose trees are changed.

A recipe says what it changes in the parsed form of a genuine booster. The booster itself is never
made from that: its bytes or text are put where the library looks for them when it is unpickled.
"""

from __future__ import annotations

import copyreg
import re
import struct
from collections.abc import Callable
from typing import Any

import numpy as np

from malicious_samples.native_state import Stand, fitted
from safeload.soundness.libraries.ubjson import parse

__all__ = [
    "chain",
    "forged_lightgbm",
    "forged_xgboost",
    "lettered",
    "lightgbm",
    "line",
    "two_outputs",
    "ubjson",
    "xgboost",
]

_MARKERS = {"i1": b"i", "u1": b"U", "i2": b"I", "i4": b"l", "i8": b"L", "f4": b"d", "f8": b"D"}


def xgboost(kind: str = "XGBRegressor", *, data: Any = None, **parameters: Any) -> Any:
    """A small model of xgboost, fitted to the table of the other recipes or to ``data``."""
    import xgboost as library

    few = {"n_estimators": 2, "max_depth": 2, "n_jobs": 1, "enable_categorical": True}
    model = getattr(library, kind)(**{**few, **parameters})
    return fitted(model) if data is None else model.fit(*data)


def lightgbm(kind: str = "LGBMRegressor", *, data: Any = None, **parameters: Any) -> Any:
    """A small model of LightGBM, likewise."""
    import lightgbm as library

    few = {"n_estimators": 2, "num_leaves": 4, "min_child_samples": 5, "n_jobs": 1, "verbosity": -1}
    few["min_data_per_group"] = 1
    model = getattr(library, kind)(**{**few, **parameters})
    return fitted(model) if data is None else model.fit(*data)


def lettered() -> Any:
    """Data with a column of categories and one of numbers, and a target that goes by both."""
    import pandas as pd

    letters = np.resize(np.arange(4), 64)
    data = pd.DataFrame({"letter": pd.Categorical.from_codes(letters, list("abcd"))})
    return data.assign(number=np.arange(64.0)), 2.0 * (letters % 2) + (np.arange(64) > 31)


def two_outputs() -> Any:
    """Data, and a target of two columns."""
    data = np.random.default_rng(7).normal(size=(60, 4))
    return data, data[:, :2]


def forged_xgboost(model: Any, change: Callable[[Any, Any], object]) -> Any:
    """The model with another booster.

    Args:
        model: A fitted model of xgboost.
        change: Changes the fields of the file, and those of the model of its booster.
    """
    fields = parse(memoryview(bytes(model.get_booster().__getstate__()["handle"])))
    gradient = fields["Model"]["learner"]["gradient_booster"]
    change(fields, gradient.get("gbtree", gradient)["model"])
    return _with_booster(model, {"handle": bytearray(ubjson(fields))})


def forged_lightgbm(model: Any, change: Callable[[str], str], *, sizes: bool = True) -> Any:
    """The model with another booster.

    Args:
        model: A fitted model of LightGBM.
        change: Changes the text of the booster.
        sizes: Whether ``tree_sizes`` is made to fit again.
    """
    state = model.booster_.__getstate__()
    text = change(state["_handle"])
    if sizes:
        trees = "Tree=" + text.partition("Tree=")[2].partition("end of trees")[0]
        lengths = [len("Tree=" + tree) for tree in trees.split("Tree=")[1:]]
        text = re.sub("tree_sizes=.*", f"tree_sizes={' '.join(map(str, lengths))}", text)
    return _with_booster(model, {**state, "_handle": text})


def line(text: str, name: str, values: str) -> str:
    """The text with other values on all lines of a name."""
    changed = re.sub(rf"(?m)^{name}=.*$", f"{name}={values}", text)
    assert changed != text
    return changed


def chain(tree: Any, depth: int) -> None:
    """Make a tree of xgboost as deep as this, with one leaf on the way at each level."""
    nodes = 2 * depth + 1
    inner = np.arange(0, nodes - 1, 2)
    left, right = np.full((2, nodes), -1, np.int32)
    parents = np.full(nodes, 2**31 - 1, np.int32)
    left[inner], right[inner] = inner + 1, inner + 2
    parents[inner + 1] = parents[inner + 2] = inner
    tree["tree_param"]["num_nodes"] = str(nodes)
    tree.update(left_children=left, right_children=right, parents=parents)
    tree.update({name: np.zeros(nodes, np.uint8) for name in ("default_left", "split_type")})
    tree["split_indices"] = np.zeros(nodes, np.int32)
    for name in ("split_conditions", "base_weights", "loss_changes", "sum_hessian"):
        tree[name] = np.ones(nodes, np.float32)


def ubjson(value: Any) -> bytes:
    """UBJSON as xgboost writes it."""
    if isinstance(value, dict):
        pairs = (_text(key) + ubjson(part) for key, part in value.items())
        return b"{" + b"".join(pairs) + b"}"
    if isinstance(value, np.ndarray):
        kind = value.dtype.str[1:]
        elements = value.astype(value.dtype.newbyteorder(">")).tobytes()
        return b"[$" + _MARKERS[kind] + b"#L" + struct.pack(">q", len(value)) + elements
    if isinstance(value, list):
        return b"[#L" + struct.pack(">q", len(value)) + b"".join(map(ubjson, value))
    if isinstance(value, str):
        return b"S" + _text(value)
    if value is None or isinstance(value, bool):
        return {None: b"Z", True: b"T", False: b"F"}[value]
    return (
        b"L" + struct.pack(">q", value)
        if isinstance(value, int)
        else b"d" + struct.pack(">f", value)
    )


def _text(text: str) -> bytes:
    content = text.encode("latin-1")
    return b"L" + struct.pack(">q", len(content)) + content


def _with_booster(model: Any, state: dict[str, Any]) -> Any:
    kind = type(model._Booster)
    booster = Stand(copyreg._reconstructor, (kind, object, None), state)  # type: ignore[attr-defined]
    whole = {**vars(model), "_Booster": booster}
    return Stand(copyreg._reconstructor, (type(model), object, None), whole)  # type: ignore[attr-defined]
