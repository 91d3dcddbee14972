"""The places of sparse tensors lie within their shape, whatever their indices say."""

from __future__ import annotations

import struct

import pytest

from safeload.policy.judge import judge
from safeload.policy.policy import Policy
from safeload.scan.scan import scan
from tests.builder import Name, Value
from tests.checkpoints import Record, checkpoint, legacy, sized, sparse, storage, tensor


def _file(
    layout: str,
    shape: tuple[int, ...],
    *tensors: tuple[list[int], tuple[int, ...]],
    values: tuple[int, ...],
    coalesced: Value = (),
    big: bool = False,
    old: bool = False,
) -> bytes:
    """A checkpoint with a sparse tensor whose indices are whole numbers of 64 bits."""
    form = ">q" if big else "<q"
    storages, parts = {}, []
    for key, (numbers, lengths) in enumerate(tensors):
        storages[str(key)] = b"".join(struct.pack(form, number) for number in numbers)
        of = storage(str(key), len(numbers), cls=Name("torch", "LongStorage"), legacy=old)
        parts.append(tensor(of, lengths, _strides(lengths)))
    count = 1
    for length in values:
        count *= length
    storages["v"] = bytes(4 * count)
    parts.append(tensor(storage("v", count, legacy=old), values, _strides(values)))
    value = sparse(f"torch.sparse_{layout}", *parts, sized(*shape), *coalesced)
    if old:
        return legacy(value, storages=storages, counts={"v": count, "0": len(storages["0"]) // 8})
    order = {"byteorder": Record("archive/byteorder", b"big")} if big else {}
    return checkpoint(value, storages=storages, replaced=order)


def _strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    strides, step = [], 1
    for length in reversed(shape):
        strides.append(step)
        step *= max(length, 1)
    return tuple(reversed(strides))


def coo(indices: list[list[int]], shape: tuple[int, ...], **given: Value) -> bytes:
    """A tensor by coordinates: one list of indices for each sparse dimension."""
    count = len(indices[0])
    flat = [index for row in indices for index in row]
    values = given.pop("values", (count,))
    return _file("coo", shape, (flat, (len(indices), count)), values=values, **given)


def csr(starts: list[int], plain: list[int], shape: tuple[int, ...], **given: Value) -> bytes:
    """A tensor by compressed rows, or what ``layout`` says."""
    values = given.pop("values", (len(plain),))
    layout = given.pop("layout", "csr")
    return _file(
        layout, shape, (starts, (len(starts),)), (plain, (len(plain),)), values=values, **given
    )


def rules(data: bytes) -> set[str]:
    return {finding.rule for finding in judge(scan(data), Policy.default()).findings}


SOUND = {
    "coordinates": coo([[0, 2], [1, 3]], (3, 4)),
    "coordinates of an older torch": coo([[2, 0], [1, 3]], (3, 4), coalesced=()),
    "coordinates in order": coo([[0, 0], [1, 3]], (3, 4), coalesced=(True,)),
    "coordinates that recur": coo([[1, 1], [1, 1]], (3, 4), coalesced=(False,)),
    "rows of dense numbers": coo([[0, 2]], (3, 5), values=(2, 5)),
    "no coordinates": coo([[], []], (3, 4), coalesced=(True,)),
    "coordinates in the other order of bytes": coo([[0, 2], [1, 3]], (3, 4), big=True),
    "coordinates in the old form": coo([[0, 2], [1, 3]], (3, 4), old=True),
    "rows": csr([0, 1, 1, 2], [0, 3], (3, 4)),
    "columns": csr([0, 1, 1, 2, 2], [0, 2], (3, 4), layout="csc"),
    "blocks": csr([0, 1, 2], [0, 1], (4, 4), layout="bsr", values=(2, 2, 2)),
    "blocks in columns": csr([0, 1, 2], [0, 1], (4, 4), layout="bsc", values=(2, 2, 2)),
}
UNSOUND = {
    "a coordinate beyond the shape": coo([[0, 3], [1, 3]], (3, 4)),
    "a coordinate below it": coo([[0, -1], [1, 3]], (3, 4)),
    "a coordinate beyond it in the old form": coo([[0, 3], [1, 3]], (3, 4), old=True),
    "coordinates without values": coo([[0, 2], [1, 3]], (3, 4), values=(1,)),
    "coordinates of more dimensions": coo([[0], [1], [0]], (3, 4)),
    "values of another shape": coo([[0, 2]], (3, 5), values=(2, 4)),
    "coordinates out of order": coo([[2, 0], [1, 3]], (3, 4), coalesced=(True,)),
    "coordinates that recur in order": coo([[1, 1], [1, 1]], (3, 4), coalesced=(True,)),
    "a column beyond the shape": csr([0, 1, 1, 2], [0, 4], (3, 4)),
    "a row that ends before it begins": csr([0, 2, 1, 2], [0, 3], (3, 4)),
    "rows that begin behind the first": csr([1, 1, 1, 2], [0, 3], (3, 4)),
    "rows beyond the values": csr([0, 1, 1, 3], [0, 3], (3, 4)),
    "too few rows": csr([0, 1, 2], [0, 3], (3, 4)),
    "rows of columns": csr([0, 1, 1, 2], [0, 3], (3, 4), layout="csc"),
    "fewer values than columns": csr([0, 1, 1, 2], [0, 3], (3, 4), values=(1,)),
    "blocks that do not fill the shape": csr(
        [0, 1, 2], [0, 1], (4, 4), layout="bsr", values=(2, 3, 3)
    ),
    "a block beyond the shape": csr([0, 1, 2], [0, 2], (4, 4), layout="bsr", values=(2, 2, 2)),
    "values where blocks belong": csr([0, 1, 2], [0, 1], (4, 4), layout="bsr"),
}


@pytest.mark.parametrize("case", SOUND)
def test_places_within_the_shape_are_accepted(case: str) -> None:
    assert rules(SOUND[case]) == set()


@pytest.mark.parametrize("case", UNSOUND)
def test_other_places_are_refused(case: str) -> None:
    assert rules(UNSOUND[case]) == {"SL401"}


def test_indices_that_are_no_whole_numbers_are_refused() -> None:
    floats = tensor(shape=(1, 4), strides=(4, 1))
    data = checkpoint(sparse("torch.sparse_coo", floats, tensor(), sized(4)))

    assert rules(data) == {"SL401"}


def test_indices_that_lie_on_each_other_are_refused() -> None:
    ones = tensor(storage(count=2, cls=Name("torch", "LongStorage")), (1, 9), (0, 0))
    values = tensor(storage("v", 9), (9,))
    data = checkpoint(
        sparse("torch.sparse_coo", ones, values, sized(4)),
        storages={"0": bytes(16), "v": bytes(36)},
    )

    assert rules(data) == {"SL401"}


def test_a_sparse_tensor_of_no_tensors_is_refused() -> None:
    assert rules(checkpoint(sparse("torch.sparse_coo", [[0]], [1.0], sized(4)), storages={})) == {
        "SL103"
    }
