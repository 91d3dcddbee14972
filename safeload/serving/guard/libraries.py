"""The loaders of libraries that do not go through ``pickle``'s own functions, guarded.

- ``joblib.load`` has an unpickler of its own.
- ``skops.io.load`` and ``loads`` unpickle nothing; which types they trust is up to whoever calls
  them, who may have read that from the file. Here it is up to the policy.
- ``torch.load`` has unpicklers of its own. What the policy accepts is loaded by the one of them
  that knows tensors alone (``weights_only=True``).
- ``numpy.load`` and ``pandas.read_pickle`` call ``pickle.load``, which is guarded. They are here
  for the case that models have to be signed: what they read is then the file that was verified.

Trust: paths and bytes are hostile.
Source: joblib ``numpy_pickle.load``; skops ``io/_persist.py``; torch ``serialization.load``; numpy
``lib/_npyio_impl.py``; pandas ``io/pickle.py``.
"""

from __future__ import annotations

import errno
import functools
import inspect
import io
import os
import pickle
import stat
import sys
from collections.abc import Callable, Mapping
from types import FrameType, ModuleType
from typing import Any

from safeload.arguments import is_open_file
from safeload.errors import SafeloadError
from safeload.serving.guard.boundary import position_of
from safeload.serving.guard.exemptions import through
from safeload.serving.guard.guard import Guard, Wanted, path_of
from safeload.serving.guard.placing import Change, place

__all__ = ["changes"]


class _Call:
    """A call of a loader.

    Attributes:
        guard: What guards this process.
        given: The arguments by name, with defaults.
    """

    def __init__(
        self,
        guard: Guard,
        loader: str,
        original: Callable[..., Any],
        bound: inspect.BoundArguments,
        frame: FrameType,
    ) -> None:
        bound.apply_defaults()
        self.guard = guard
        self.given = bound.arguments
        self._loader, self._original, self._bound, self._frame = loader, original, bound, frame

    def original(self, **instead: Any) -> Any:
        """Call the function as it was, with some arguments replaced."""
        self.given.update(instead)
        return self._original(*self._bound.args, **self._bound.kwargs)

    def wanted(self, source: Any, **options: Any) -> Wanted:
        """What is wanted, for the guard.

        Args:
            source: A path, bytes, or an open file, which is read to its end.
            **options: Further fields of what is wanted.

        Raises:
            OSError: There is no such file.
        """
        path = None
        if is_open_file(source):
            path, source = path_of(source), _rest(source, back=not self.guard.enforces)
        elif isinstance(source, os.PathLike):
            source = os.fspath(source)
        if isinstance(source, str):
            # What every program knows of files that are not there.
            status = os.stat(source)  # noqa: PTH116
            if stat.S_ISDIR(status.st_mode):
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), source)
        return Wanted(self._loader, source, self.original, self._frame, path, **options)


def _rest(file: Any, *, back: bool) -> bytes | None:
    """All that follows in a file, which is put back if it can; None if it has to and cannot."""
    if not back:
        return bytes(file.read())
    start = position_of(file)
    if start is None:
        return None
    data = bytes(file.read())
    file.seek(start)
    return data


def _joblib(call: _Call) -> Any:
    wanted = call.wanted(call.given["filename"], mmap_mode=call.given["mmap_mode"])
    return call.guard.load(wanted)


def _skops(call: _Call) -> Any:
    return call.guard.load(call.wanted(call.given["file"]))


def _skops_bytes(call: _Call) -> Any:
    return call.guard.load(call.wanted(call.given["data"]))


def _torch(call: _Call) -> Any:
    wanted = call.wanted(call.given["f"])
    if not call.guard.enforces:
        return call.guard.load(wanted)
    # What is loaded is what was judged, and by nothing that asks for other names.
    data = io.BytesIO(call.guard.accepted(wanted))
    return call.original(f=data, pickle_module=None, weights_only=True, mmap=None)


def _numpy(call: _Call) -> Any:
    try:
        return _signed(call, "file")
    except pickle.UnpicklingError as error:
        # numpy says of everything that it is not a pickle.
        if isinstance(error.__cause__, SafeloadError):
            raise error.__cause__ from None
        raise


def _pandas(call: _Call) -> Any:
    path = call.given["filepath_or_buffer"]
    if isinstance(path, str | os.PathLike) and call.given["compression"] == "infer":
        from pandas.io.common import infer_compression

        # From bytes, it would not be known any more.
        call.given["compression"] = infer_compression(os.fspath(path), "infer")
    return _signed(call, "filepath_or_buffer")


def _signed(call: _Call, name: str) -> Any:
    """Call a function that unpickles by ``pickle.load``, on a file that was verified if need be."""
    source = call.given[name]
    if call.guard.wants_signatures and isinstance(source, str | os.PathLike):
        return call.original(**{name: io.BytesIO(call.guard.verified(call.wanted(source)))})
    return call.original()


# What is guarded, by the module that it lives in and its name there; and as users call it.
_LOADERS: Mapping[str, Mapping[str, tuple[str, Callable[[_Call], Any]]]] = {
    "joblib.numpy_pickle": {"load": ("joblib.load", _joblib)},
    "skops.io._persist": {
        "load": ("skops.io.load", _skops),
        "loads": ("skops.io.loads", _skops_bytes),
    },
    "torch.serialization": {"load": ("torch.load", _torch)},
    "numpy.lib._npyio_impl": {"load": ("numpy.load", _numpy)},
    "pandas.io.pickle": {"read_pickle": ("pandas.read_pickle", _pandas)},
}


def changes(guard: Guard) -> Mapping[str, Change]:
    """What becomes of the modules of libraries when they are imported.

    Args:
        guard: What guards this process.
    """
    return {
        module: functools.partial(_change, guard, loaders) for module, loaders in _LOADERS.items()
    }


def _change(
    guard: Guard,
    loaders: Mapping[str, tuple[str, Callable[[_Call], Any]]],
    module: ModuleType,
) -> None:
    for name, (loader, do) in loaders.items():
        original = vars(module).get(name)
        if callable(original):
            place(original, _guarded(guard, loader, original, do))


def _guarded(
    guard: Guard, loader: str, original: Callable[..., Any], do: Callable[[_Call], Any]
) -> Callable[..., Any]:
    signature = inspect.signature(original)

    @functools.wraps(original)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        frame = sys._getframe(1)  # noqa: SLF001
        if guard.passes(frame):
            return through(original, *args, **kwargs)
        try:
            bound = signature.bind(*args, **kwargs)
        except TypeError:
            return original(*args, **kwargs)
        return do(_Call(guard, loader, original, bound, frame))

    return guarded
