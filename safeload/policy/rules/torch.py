"""Argument rules of what torch rebuilds tensors with.

The same contract as :mod:`safeload.policy.rules`. Where a tensor lies in its storage is looked at
in :mod:`safeload.soundness.libraries.torch_views`.

Trust: all arguments are hostile.
Source: PyTorch ``torch/_utils.py``, ``torch/_tensor.py``, ``torch/serialization.py``.
"""

from __future__ import annotations

from safeload.policy.rules.rule import Rule
from safeload.scan.program import Global, Mapping, ObjectToken, Token
from safeload.soundness.libraries.torch_views import (
    TENSORS,
    View,
    dtype_of,
    is_tensor,
    lengths_of,
    view_of,
)

__all__ = ["TORCH_RULES"]

_OTHERWISE = "it is not called the way torch calls it"
_HOOKS = "it is given hooks, which torch calls"
_SIMPLE = frozenset([type(None), bool, int, float, str])
_LAYOUTS = {
    "torch.sparse_bsc": (4,),
    "torch.sparse_bsr": (4,),
    "torch.sparse_coo": (3, 4),
    "torch.sparse_csc": (4,),
    "torch.sparse_csr": (4,),
    "torch.strided": (),
}
# Characters of an attribute's name.
_NAME = 200
# What is said of the numbers of a view: that they are conjugated, or negated.
_METADATA = frozenset(["conj", "neg"])


def _tensor(built: ObjectToken) -> str | None:
    """A storage of the file, and a view that lies within it; no hooks.

    ``_rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks, metadata)``
    """
    if len(built.args) not in (6, 7):
        return _OTHERWISE
    return _view(built, built.args[4:6], built.args[6:])


def _typed_tensor(built: ObjectToken) -> str | None:
    """The same, with the type of its numbers.

    ``_rebuild_tensor_v3(storage, offset, size, stride, requires_grad, hooks, dtype, metadata)``
    """
    if len(built.args) not in (7, 8):
        return _OTHERWISE
    return _view(built, built.args[4:6], built.args[7:])


def _view(
    built: ObjectToken, grad_and_hooks: tuple[Token, ...], metadata: tuple[Token, ...]
) -> str | None:
    view = view_of(built)
    if isinstance(view, str):
        return view
    return _common(grad_and_hooks) or _about_numbers(metadata)


def _common(grad_and_hooks: tuple[Token, ...]) -> str | None:
    """What all of them are given in addition: whether they have a gradient, and no hooks."""
    requires_grad, hooks = grad_and_hooks
    if type(requires_grad) is not bool:
        return _OTHERWISE
    if hooks is None:
        return None
    if not isinstance(hooks, ObjectToken) or not hooks.is_of("collections", "OrderedDict"):
        return _HOOKS
    is_empty = hooks.args in ((), ([],)) and not hooks.items and not hooks.states
    return None if is_empty else _HOOKS


def _about_numbers(metadata: tuple[Token, ...]) -> str | None:
    for said in metadata:
        if said is None:
            continue
        if type(said) is not Mapping or not all(
            type(key) is str and key in _METADATA and type(value) is bool
            for key, value in zip(said.keys, said.values, strict=True)
        ):
            return _OTHERWISE
    return None


def _quantised(built: ObjectToken) -> str | None:
    """The same, with one scale, or with a scale for each of the channels there are.

    ``_rebuild_qtensor(storage, offset, size, stride, quantiser, requires_grad, hooks)``
    """
    if len(built.args) != 7:
        return _OTHERWISE
    view = view_of(built)
    if isinstance(view, str):
        return view
    if not view.dtype.startswith("q"):
        return "its numbers are none that are quantised"
    if view.numbers > view.storage.size * 4:
        return "it has more numbers than its storage"
    return _common(built.args[5:]) or _quantiser(built.args[4], view)


def _quantiser(given: Token, view: View) -> str | None:
    scheme = given[0] if type(given) is tuple and given else None
    if type(scheme) is not Global or scheme.module != "torch":
        return _OTHERWISE
    if scheme.name == "per_tensor_affine":
        is_plain = len(given) == 3 and type(given[1]) is float and type(given[2]) is int
        return None if is_plain else _OTHERWISE
    if scheme.name != "per_channel_affine" or len(given) != 4:
        return _OTHERWISE
    axis = given[3]
    if type(axis) is not int or not 0 <= axis < len(view.shape):
        return "its channels are not dimension of it"
    for part in given[1:3]:
        of_channels = view_of(part) if is_tensor(part) else ""
        if isinstance(of_channels, str) or of_channels.shape != (view.shape[axis],):
            return "it does not have one scale for each of its channels"
    return None


def _sparse(built: ObjectToken) -> str | None:
    """A layout, tensors of indices and of values, and a shape; a check looks at the indices.

    ``_rebuild_sparse_tensor(layout, data)``
    """
    if len(built.args) != 2:
        return _OTHERWISE
    layout, data = built.args
    name = _layout_named(layout)
    if name is None or type(data) is not tuple or len(data) not in _LAYOUTS[name]:
        return _OTHERWISE
    tensors = data[:2] if name == "torch.sparse_coo" else data[:3]
    shape, *further = data[len(tensors) :]
    if not all(isinstance(part, ObjectToken) and type(view_of(part)) is View for part in tensors):
        return "it is made of something that is not a tensor"
    if lengths_of(shape) is None or any(type(part) not in (bool, type(None)) for part in further):
        return _OTHERWISE
    return None


def _meta(built: ObjectToken) -> str | None:
    """A type of numbers, a shape and strides: a tensor that says what it would be.

    ``_rebuild_meta_tensor_no_storage(dtype, size, stride, requires_grad)``
    """
    args = built.args
    if len(args) != 4 or dtype_of(args[0]) is None or type(args[3]) is not bool:
        return _OTHERWISE
    sizes, strides = lengths_of(args[1]), lengths_of(args[2])
    if sizes is None or strides is None or len(sizes) != len(strides):
        return _OTHERWISE
    return None


def _parameter(built: ObjectToken) -> str | None:
    """A tensor; whether it has a gradient; no hooks; attributes that are numbers or texts.

    ``_rebuild_parameter(data, requires_grad, hooks)``, and with a state behind these.
    """
    if len(built.args) not in (3, 4) or not is_tensor(built.args[0]):
        return _OTHERWISE
    return _common(built.args[1:3]) or _attributes(built.args[3:])


def _attributes(states: tuple[Token, ...]) -> str | None:
    """Attributes are set on the tensor: numbers and texts under names that are not Python's own."""
    parts = [part for state in states for part in (state if type(state) is tuple else (state,))]
    for part in parts:
        if part is None:
            continue
        if type(part) is not Mapping:
            return "its attributes are not a dict"
        for key, value in zip(part.keys, part.values, strict=True):
            if type(key) is not str or len(key) > _NAME or not _is_own(key):
                return "an attribute has a name that is not valid of its own"
            if type(value) not in _SIMPLE:
                return "an attribute is neither a number nor a text"
    return None


def _is_own(name: str) -> bool:
    return name.isidentifier() and not name.startswith("__")


def _tensor_with_state(built: ObjectToken) -> str | None:
    """A plain tensor; attributes as of a parameter.

    ``_rebuild_from_type_v2(function, type, args, state)``, which calls the function with the
    arguments; the scan lists that as a call of its own.
    """
    if len(built.args) != 4:
        return _OTHERWISE
    function, cls, _, state = built.args
    if type(function) is not Global or type(cls) is not Global:
        return _OTHERWISE
    is_plain = (cls.module, cls.name) == ("torch", "Tensor")
    if not is_plain or (function.module, function.name) not in TENSORS:
        return "it is not a plain tensor that is given attributes"
    return _attributes((state,))


def _size(built: ObjectToken) -> str | None:
    """A tuple of lengths."""
    return None if lengths_of(built) is not None else _OTHERWISE


def _layout(built: ObjectToken) -> str | None:
    """The name of a layout that torch has."""
    return None if _layout_named(built) is not None else _OTHERWISE


def _layout_named(token: Token) -> str | None:
    """The name of the layout that a call gives, or None."""
    if type(token) is not ObjectToken or not token.is_of("torch.serialization", "_get_layout"):
        return None
    name = token.args[0] if type(token.args) is tuple and len(token.args) == 1 else None
    return name if type(name) is str and name in _LAYOUTS else None


TORCH_RULES: dict[str, Rule] = {
    "torch_layout": _layout,
    "torch_meta": _meta,
    "torch_parameter": _parameter,
    "torch_quantised": _quantised,
    "torch_size": _size,
    "torch_sparse": _sparse,
    "torch_tensor": _tensor,
    "torch_tensor_with_state": _tensor_with_state,
    "torch_typed_tensor": _typed_tensor,
}
