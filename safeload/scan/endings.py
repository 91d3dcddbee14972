"""Which names say that a file is a model, whatever is in it.

Trust: a name proves nothing. One that is here makes a file part of the report; any other leaves
the decision to the content.
"""

from __future__ import annotations

import re

__all__ = ["has_model_name", "has_signable_name", "is_clear_model_name"]

# Pickles under all their endings, and skops.
_SIGNABLE = frozenset(
    "pkl pickle pickle4 pickle5 pk pck pckl pcl joblib jbl sav dill gpickle cloudpickle "
    "skops".split()
)
# Arrays, and what other libraries of machine learning write.
_CLEAR = _SIGNABLE | frozenset(
    "npy npz pt pt2 ptl ckpt h5 hdf5 keras tflite onnx ort gguf ggml safetensors nemo pdparams "
    "pdmodel pmml xgb ubj lgb lgbm cbm".split()
)
# These, too; but other programs use them as well.
_SHARED = frozenset("pth model mdl mlmodel estimator bin pb mar msgpack cb".split())
# What may stand behind: a compressed file is what it was before.
_PACKED = frozenset("gz gzip z zlib bz2 xz lzma lz4 zst zstd br zip tar tgz tbz2 txz 7z".split())
# What joblib before 0.10 put beside a model: the bytes of an array, and no word about them.
_BYTES_OF_ARRAY = re.compile(r".*_[0-9]{2,}\.npy\.z", re.DOTALL)


def has_model_name(name: str) -> bool:
    """Whether a file's name is one that models have.

    Args:
        name: The name, without folders.

    Returns:
        True for the endings of models, in any case, with any endings of compression behind them.
    """
    return _ending(name) in _CLEAR | _SHARED


def is_clear_model_name(name: str) -> bool:
    """Whether a name is one that hardly anything else has.

    Args:
        name: The name, without folders.
    """
    return _ending(name) in _CLEAR


def has_signable_name(name: str) -> bool:
    """Whether a name is one of models that safeload signs and loads.

    Args:
        name: The name, without folders.
    """
    return _ending(name) in _SIGNABLE


def _ending(name: str) -> str:
    if _BYTES_OF_ARRAY.fullmatch(name):
        return ""
    endings = [part.strip().lower() for part in name.split(".")[1:]]
    while endings and endings[-1] in _PACKED:
        endings.pop()
    return endings[-1] if endings else ""
