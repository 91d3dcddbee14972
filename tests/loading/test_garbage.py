"""The program's own garbage and its own callbacks are left alone while a load runs."""

from __future__ import annotations

import gc
import os
import pickle
import signal
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable, Generator, Iterator
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import safeload
from safeload.errors import LoadError
from safeload.loading import deferral, garbage, presence, seal
from safeload.loading.current import CURRENT


@pytest.fixture(autouse=True)
def found_as_it_was() -> Iterator[None]:
    """The list of callbacks is the program's again, whatever a test does."""
    before = list(gc.callbacks)
    yield
    left, gc.callbacks[:] = list(gc.callbacks), before
    assert left == before
    assert CURRENT.load is None


class Rubbish:
    """Garbage that only the collector finds, and that does something in the end."""

    def __init__(self, act: Callable[[], object]) -> None:
        self.itself = self
        self.act = act

    def __del__(self) -> None:
        self.act()


def collected(act: Callable[[], object]) -> Callable[[], None]:
    """Work that has the collector finalise something, as it does whenever it likes."""

    def work() -> None:
        Rubbish(act)
        gc.collect()

    return work


def refused(work: Callable[[], object]) -> None:
    """Do some work under the seal, which breaks it."""
    with pytest.raises(LoadError) as caught:
        seal.sealed(work)
    assert caught.value.code == "seal-broken"


class Told:
    """A callback of the program that makes a folder each time, for each phase, and keeps count."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.phases: list[str] = []

    def __call__(self, phase: str, _info: object) -> None:
        Path(tempfile.mkdtemp(dir=self.folder)).rmdir()
        self.phases.append(phase)

    def __eq__(self, _other: object) -> bool:
        raise AssertionError("nobody compares what the program has put there")

    __hash__ = object.__hash__


def test_callbacks_of_the_program_may_do_what_they_like(tmp_path: Path) -> None:
    first, second = Told(tmp_path), Told(tmp_path)
    gc.callbacks.extend([first, second])
    try:
        seal.sealed(gc.collect)
        assert first.phases[-2:] == second.phases[-2:] == ["start", "stop"]
        assert [each is told for each, told in zip(gc.callbacks[-2:], (first, second), strict=True)]
    finally:
        del gc.callbacks[-2:]


def test_a_callback_of_the_program_that_comes_and_goes_meanwhile_stays_as_it_is(
    tmp_path: Path,
) -> None:
    told = Told(tmp_path)
    seal.sealed(lambda: gc.callbacks.append(told))
    assert gc.callbacks[-1] is told

    def take_away() -> None:
        (place,) = (place for place, each in enumerate(gc.callbacks) if each is told)
        del gc.callbacks[place]

    seal.sealed(take_away)


@pytest.mark.guarantee("G18")
@pytest.mark.parametrize("when", ["before a collection", "during one", "after one"])
def test_a_program_that_clears_the_list_does_not_lift_the_seal(tmp_path: Path, when: str) -> None:
    before = list(gc.callbacks)

    def work() -> None:
        if when == "before a collection":
            gc.callbacks.clear()
        collected(gc.callbacks.clear if when == "during one" else list)()
        if when == "after one":
            gc.callbacks.clear()
        (tmp_path / "canary").mkdir()

    refused(work)
    assert not (tmp_path / "canary").exists()
    gc.callbacks[:] = before


@pytest.mark.guarantee("G18")
def test_a_collection_that_nobody_is_told_the_end_of_does_not_lift_the_seal(
    tmp_path: Path,
) -> None:
    def work() -> None:
        garbage._collecting("start", {})
        gc.callbacks.remove(garbage._collected)
        gc.collect()
        (tmp_path / "canary").mkdir()

    refused(work)
    assert not (tmp_path / "canary").exists()


@pytest.mark.guarantee("G18")
def test_a_collection_in_another_thread_does_not_lift_the_seal(tmp_path: Path) -> None:
    collecting, done = threading.Event(), threading.Event()

    def finalise() -> None:
        collecting.set()
        assert done.wait(60)

    other = threading.Thread(target=collected(finalise))

    def work() -> None:
        try:
            assert collecting.wait(60)
            (tmp_path / "canary").mkdir()
        finally:
            done.set()

    other.start()
    refused(work)
    other.join()
    assert not (tmp_path / "canary").exists()


@pytest.mark.guarantee("G18")
def test_a_load_in_a_finaliser_leaves_the_load_sealed_that_it_came_into(tmp_path: Path) -> None:
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps([1, 2]))
    loaded: list[Any] = []

    def work() -> None:
        collected(lambda: loaded.append(safeload.load_unsigned(path)))()
        (tmp_path / "canary").mkdir()

    refused(work)
    assert loaded == [[1, 2]]
    assert not (tmp_path / "canary").exists()


@pytest.mark.guarantee("G18")
def test_a_load_in_a_finaliser_is_sealed(tmp_path: Path) -> None:
    codes: list[object] = []

    def load() -> None:
        try:
            seal.sealed((tmp_path / "canary").mkdir)
        except LoadError as error:
            codes.append(error.code)
        # The seal of the load is lifted, and that of the one around it not yet back.
        (tmp_path / "of the program").mkdir()

    seal.sealed(collected(load))
    collected(load)
    assert codes == ["seal-broken"]
    assert not (tmp_path / "canary").exists()
    assert (tmp_path / "of the program").exists()


def test_a_load_in_a_callback_of_the_program_loads(tmp_path: Path) -> None:
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps([1, 2]))
    loaded: list[Any] = []

    def told(_phase: str, _info: object) -> None:
        loaded.append(safeload.load_unsigned(path))

    gc.callbacks.append(told)
    try:
        gc.collect()
        gc.disable()
        in_all = len(loaded)
        seal.sealed(gc.collect)
    finally:
        gc.enable()
        gc.callbacks.remove(told)
    assert loaded == [[1, 2]] * (in_all + 2)


def test_collections_at_every_allocation_disturb_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps([[number] for number in range(300)]))
    made: list[int] = []

    def make(number: int) -> None:
        Path(tempfile.mkdtemp(dir=tmp_path)).rmdir()
        made.append(number)

    before = gc.get_threshold()
    gc.set_threshold(1, 1, 1)
    try:
        for number in range(20):
            Rubbish(partial(make, number))
            assert len(safeload.load_unsigned(path)) == 300
    finally:
        gc.set_threshold(*before)
    gc.collect()
    assert sorted(made) == list(range(20))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_child_has_nothing_left_of_a_load_in_another_thread(tmp_path: Path) -> None:
    loading, done = threading.Event(), threading.Event()

    def work() -> None:
        loading.set()
        assert done.wait(60)

    before = list(gc.callbacks)
    other = threading.Thread(target=seal.sealed, args=[work])
    other.start()
    assert loading.wait(60)
    child = os.fork()
    if not child:
        os._exit(0 if gc.callbacks == before else 1)
    done.set()
    other.join()
    assert os.waitpid(child, 0)[1] == 0


OWN = {module.__file__ for module in (seal, garbage, presence, deferral)}
# Here it is the interpreter that comes between a lock and what is done under it.
NO_LINES = {presence.__file__}


class Interrupt:
    """Interrupts the program at one of the lines and functions of our own that a load passes."""

    def __init__(self, line: int) -> None:
        self.left = line

    def __call__(self, frame: FrameType, _event: str, _arg: object) -> Any:
        if frame.f_code.co_filename not in OWN:
            return None
        self.count()
        return None if frame.f_code.co_filename in NO_LINES else self.local

    def local(self, _frame: FrameType, event: str, _arg: object) -> Any:
        if event == "line":
            self.count()
        return self.local

    def count(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


def test_an_interrupt_at_any_line_leaves_nothing_sealed(tmp_path: Path) -> None:
    before, hook = sys.gettrace(), vars(warnings)["_showwarnmsg"]
    seal.prepare()
    passed, line = False, 0
    while not passed:
        line += 1
        interrupt = Interrupt(line)
        sys.settrace(interrupt)
        try:
            seal.sealed(lambda: 7)
            passed = interrupt.left > 0
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(before)
        assert CURRENT.load is None
        (tmp_path / str(line)).mkdir()
    assert line > 20
    seal.sealed(lambda: 7)
    assert vars(warnings)["_showwarnmsg"] is hook


def test_a_load_in_a_generator_that_is_closed_is_lifted_with_it(tmp_path: Path) -> None:
    def loads() -> Generator[int]:
        try:
            yield 1
        finally:
            with pytest.raises(LoadError):
                seal.sealed((tmp_path / "canary").mkdir)

    loading = loads()
    next(loading)
    loading.close()
    (tmp_path / "of the program").mkdir()
    assert not (tmp_path / "canary").exists()


def test_a_generator_that_is_closed_by_a_load_is_sealed(tmp_path: Path) -> None:
    def left_over() -> Generator[int]:
        try:
            yield 1
        finally:
            (tmp_path / "canary").mkdir()

    loading = left_over()
    next(loading)
    refused(loading.close)
    assert not (tmp_path / "canary").exists()


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there are no such signals here")
def test_a_load_in_a_signal_handler_is_sealed_and_lifted(tmp_path: Path) -> None:
    codes: list[object] = []

    def handle(_number: int, _frame: object) -> None:
        with pytest.raises(LoadError) as caught:
            seal.sealed((tmp_path / "canary").mkdir)
        codes.append(caught.value.code)
        (tmp_path / "of the program").mkdir()

    before = signal.signal(signal.SIGUSR1, handle)
    try:
        signal.raise_signal(signal.SIGUSR1)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert codes == ["seal-broken"]
    assert not (tmp_path / "canary").exists()
