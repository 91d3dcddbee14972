"""What torch is given to rebuild tensors with stays within bounds, and calls nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from safeload.policy.judge import judge
from safeload.policy.policy import Policy
from safeload.scan.scan import scan
from tests.builder import Name, Pickle, Value
from tests.checkpoints import (
    FLOATS,
    checkpoint,
    no_hooks,
    parameter,
    rebuilt,
    sized,
    storage,
    tensor,
    with_state,
)

Opcodes = Callable[[Pickle], object]

V2 = Name("torch._utils", "_rebuild_tensor_v2")
QINTS = storage(count=16, cls=Name("torch", "QUInt8Storage"))
BYTES = storage(count=16, cls=Name("torch.storage", "UntypedStorage"))
INT32, FLOAT64 = Name("torch", "int32"), Name("torch", "float64")
PER_TENSOR, PER_CHANNEL = Name("torch", "per_tensor_affine"), Name("torch", "per_channel_affine")
SYSTEM = Name("posix", "system")


def found(value: Value) -> set[str]:
    """The rules that a checkpoint of one value breaks; it may leave one of two storages unread."""
    data = checkpoint(value, storages={"0": FLOATS, "1": FLOATS})
    return {finding.rule for finding in judge(scan(data), Policy.default()).findings} - {"SL001"}


def typed(
    dtype: Value = INT32, shape: Value = (4,), strides: Value = (1,), **given: Value
) -> Opcodes:
    """A tensor over a storage of bytes."""
    args = (given.get("of", BYTES), given.get("offset", 0), shape, strides, False, no_hooks, dtype)
    return rebuilt("_rebuild_tensor_v3", *args)


def quantised(quantiser: Value, shape: Value = (4, 4), strides: Value = (4, 1)) -> Opcodes:
    """A tensor of quantised numbers."""
    return rebuilt("_rebuild_qtensor", QINTS, 0, shape, strides, quantiser, False, no_hooks)


SCALES = tensor(storage("1"))

LEGITIMATE: dict[str, Value] = {
    "the whole storage": tensor(),
    "a part of it": tensor(shape=(2,), strides=(2,), offset=1),
    "its last number": tensor(shape=(1,), offset=3),
    "a number": tensor(shape=(), strides=()),
    "one number many times": tensor(shape=(1 << 40,), strides=(0,)),
    "no numbers": tensor(shape=(0, 3), strides=(3, 1)),
    "no numbers at the end": tensor(shape=(0,), offset=4),
    "a gradient": tensor(requires_grad=True),
    "a conjugate": tensor(metadata=({"conj": True, "neg": False},)),
    "a type for bytes": typed(),
    "a parameter": parameter(),
    "a parameter with attributes": rebuilt(
        "_rebuild_parameter_with_state", tensor(), True, no_hooks, {"_layer": 3, "name": "a"}
    ),
    "a tensor with attributes": with_state(
        V2, (storage(), 0, (4,), (1,), False, no_hooks), {"persistent": True}
    ),
    "one scale": quantised((PER_TENSOR, 0.1, 3)),
    "a scale for each channel": quantised((PER_CHANNEL, SCALES, SCALES, 1)),
    "a size": sized(1, 2),
    "a device": lambda p: p.call(Name("torch", "device"), "cuda", 1),
    "no storage": rebuilt("_rebuild_meta_tensor_no_storage", INT32, (9,), (1,), False),
    "tensors by name": lambda p: p.call(Name("collections", "OrderedDict")).save(
        {"_metadata": {"": {"version": 1}}}
    ).build(),
}  # fmt: skip

HOSTILE: dict[str, Value] = {
    "a beginning below the storage": tensor(offset=-1),
    "a beginning behind it": tensor(offset=4),
    "a beginning beyond all numbers": tensor(offset=1 << 63),
    "a shape beyond it": tensor(shape=(5,)),
    "strides beyond it": tensor(shape=(2, 2), strides=(3, 1)),
    "strides that overflow": tensor(shape=(1 << 62, 3), strides=(4, 1)),
    "negative strides": tensor(strides=(-1,), offset=3),
    "a negative shape": tensor(shape=(-1,)),
    "a shape of true": tensor(shape=(True,)),
    "a shape of fractions": tensor(shape=(1.0,)),
    "a shape that is a list": tensor(shape=[4]),
    "more strides than dimensions": tensor(strides=(1, 1)),
    "more dimensions than there are": tensor(shape=(1,) * 65, strides=(1,) * 65),
    "a size of something else": tensor(shape=sized([4])),
    "a larger type": typed(FLOAT64, (3,)),
    "no type": typed(None),
    "something else for a type": typed(Name("torch", "per_tensor_affine")),
    "no storage": tensor(lambda p: p.save("0")),
    "a tensor for a storage": tensor(tensor()),
    "a gradient that is not a bool": tensor(requires_grad=1),
    "hooks": tensor(hooks=lambda p: p.call(Name("collections", "OrderedDict")).mark().save(
        "a", INT32).setitems()),
    "hooks in a dict": tensor(hooks=lambda p: p.save({"a": 1})),
    "hooks that are filled later": lambda p: p.save([tensor(hooks=lambda q: no_hooks(q)
        and q.memo("hooks")), lambda q: q.recall("hooks").mark().save("a", 1).setitems()]),
    "hooks from a list": tensor(hooks=lambda p: p.call(Name("collections", "OrderedDict"),
        [["a", 1]])),
    "too few arguments": rebuilt("_rebuild_tensor_v2", storage(), 0, (4,), (1,)),
    "too many": tensor(metadata=({}, {})),
    "odd metadata": tensor(metadata=({"backend": 1},)),
    "metadata that is not a dict": tensor(metadata=([],)),
    "a parameter of no tensor": rebuilt("_rebuild_parameter", storage(), True, no_hooks),
    "a parameter with hooks": rebuilt("_rebuild_parameter", tensor(), True, {"a": 1}),
    "an attribute of Python's": rebuilt(
        "_rebuild_parameter_with_state", tensor(), True, no_hooks, {"__class__": 3}
    ),
    "an attribute that is a type": rebuilt(
        "_rebuild_parameter_with_state", tensor(), True, no_hooks, {"backward": INT32}
    ),
    "attributes that are hooks": rebuilt(
        "_rebuild_parameter_with_state", tensor(), True, no_hooks, {"_backward_hooks": {"a": 1}}
    ),
    "attributes that are not a dict": with_state(
        V2, (storage(), 0, (4,), (1,), False, no_hooks), [["a", 1]]
    ),
    "attributes of a tensor beyond its storage": with_state(
        V2, (storage(), 0, (5,), (1,), False, no_hooks), None
    ),
    "attributes of no tensor": with_state(Name("torch", "Size"), ((1,),), None),
    "a scale that is none": quantised((PER_TENSOR, "0.1", 3)),
    "another scheme": quantised((INT32, 0.1, 3)),
    "no scheme": quantised((0.1, 3)),
    "channels beyond the dimensions": quantised((PER_CHANNEL, SCALES, SCALES, 2)),
    "channels before them": quantised((PER_CHANNEL, SCALES, SCALES, -1)),
    "too few scales": quantised((PER_CHANNEL, SCALES, SCALES, 1), (2, 8), (8, 1)),
    "scales in a list": quantised((PER_CHANNEL, [0.1] * 4, [0] * 4, 0)),
    "quantised numbers of floats": rebuilt(
        "_rebuild_qtensor", storage(), 0, (4,), (1,), (PER_TENSOR, 0.1, 3), False, no_hooks
    ),
    "quantised numbers without end": quantised((PER_TENSOR, 0.1, 3), (1 << 40,), (0,)),
    "a negative size": sized(-1),
    "a device of a tensor": lambda p: p.call(Name("torch", "device"), tensor()),
    "a layout that is none": lambda p: p.call(
        Name("torch.serialization", "_get_layout"), "torch.load"
    ),
    "a meta tensor without a shape": rebuilt(
        "_rebuild_meta_tensor_no_storage", INT32, (-1,), (1,), False
    ),
}  # fmt: skip

# What the stream does with what torch gave it.
OTHERWISE: dict[str, tuple[Value, str]] = {
    "a state for a tensor": (lambda p: p.save(tensor(), {"a": 1}).build(), "SL104"),
    "items for a tensor": (lambda p: p.save(tensor(), 0, 1).setitem(), "SL102"),
    "a call of a tensor": (lambda p: p.call(tensor(), 1), "SL107"),
    "a function that is kept": (V2, "SL102"),
    "a storage's class that is made": (lambda p: p.object_(Name("torch", "FloatStorage")), "SL102"),
    "a tensor's class that is made": (lambda p: p.call(Name("torch", "Tensor"), 4), "SL102"),
    "attributes for tensors by name": (
        lambda p: p.save(no_hooks, {"items": INT32}).build(), "SL103",
    ),
    "another function that rebuilds": (
        rebuilt("_rebuild_wrapper_subclass", Name("torch", "Tensor"), INT32), "SL101",
    ),
    "a call by what rebuilds": (with_state(SYSTEM, ("id",), None), "SL101"),
    "torch.load": (lambda p: p.call(Name("torch", "load"), "a.pt"), "SL101"),
    "torch.hub": (lambda p: p.call(Name("torch.hub", "load"), "a", "b"), "SL101"),
    "torch.jit": (lambda p: p.call(Name("torch.jit", "load"), "a.pt"), "SL101"),
    "torch.storage": (lambda p: p.call(Name("torch.storage", "_load_from_bytes"), b""), "SL101"),
    "a name below a class": (lambda p: p.call(Name("torch", "Tensor.set_"), 1), "SL101"),
}  # fmt: skip


@pytest.mark.parametrize("case", LEGITIMATE)
def test_what_torch_writes_is_accepted(case: str) -> None:
    assert found(LEGITIMATE[case]) == set()


@pytest.mark.parametrize("case", HOSTILE)
def test_what_torch_does_not_write_is_refused(case: str) -> None:
    assert "SL103" in found(HOSTILE[case])


@pytest.mark.parametrize("case", OTHERWISE)
def test_a_tensor_is_data_and_nothing_else(case: str) -> None:
    value, rule = OTHERWISE[case]

    assert rule in found(value)
