"""What is equal to a text in Python is read as that text, and nothing else is."""

from __future__ import annotations

import collections
import pickle
from typing import Any

import numpy as np
import pytest

from safeload.limits import Limits
from safeload.scan.pickle.interpreter import interpret
from safeload.scan.program import Token
from safeload.scan.texts import text_of
from tests.builder import Name, Pickle


def root(data: bytes) -> Token:
    return interpret(data, limits=Limits()).root


TEXTS: dict[str, Any] = {
    "plain": "text",
    "empty": "",
    "of numpy": np.str_("text"),
    "of numpy, beyond ASCII": np.str_("ö€𝄞"),
    "wrapped": collections.UserString("text"),
}


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("form", TEXTS)
def test_a_text_is_read_in_every_form(form: str, protocol: int) -> None:
    assert text_of(root(pickle.dumps(TEXTS[form], protocol))) == str(TEXTS[form])


def test_a_text_of_another_machine_is_read_in_its_order() -> None:
    swapped = np.array("ab").astype(">U2")
    scalar = Name("numpy._core.multiarray", "scalar")
    data = Pickle().save(scalar).mark().dtype("U2", order=">", flags=8, itemsize=8, alignment=4)

    assert text_of(root(data.save(swapped.tobytes()).tuple_().reduce().finish())) == "ab"


def test_a_text_within_texts_is_read_to_the_end() -> None:
    text: Any = "text"
    for _ in range(5):
        wrapper = collections.UserString("")
        wrapper.data = text
        text = wrapper

    assert text_of(root(pickle.dumps(text, 1))) == "text"


def test_a_text_that_a_slot_holds_is_read() -> None:
    data = Pickle().object_(Name("collections", "UserString"), state=(None, {"data": "text"}))

    assert text_of(root(data.finish())) == "text"


@pytest.mark.parametrize("value", [None, 1, b"text", ("text",), np.bytes_("text"), np.int64(1)])
def test_what_is_no_text_is_none(value: Any) -> None:
    assert text_of(root(pickle.dumps(value, 4))) is None


def test_what_holds_itself_is_no_text() -> None:
    data = Pickle().object_(Name("collections", "UserString")).memo("#").empty_dict()
    data.save("data").recall("#").setitem().build()

    assert text_of(root(data.finish())) is None


@pytest.mark.parametrize(
    "args", [(b"text", "utf-8"), (b"text",), (1,), ([],)], ids=["decoded", "bytes", "1", "[]"]
)
def test_a_text_that_numpy_would_make_of_something_is_none(args: tuple[Any, ...]) -> None:
    assert text_of(root(Pickle().call(Name("numpy", "str_"), *args).finish())) is None
