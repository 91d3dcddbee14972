"""What the rules of particular libraries refuse, and that each legitimate form beside it passes."""

from __future__ import annotations

import fractions
import pickle
import zoneinfo
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.random import _pickle as random_pickle
from pandas._libs.internals import _unpickle_block
from pandas.core.indexes.base import _new_Index
from pandas.core.internals.managers import BlockManager
from scipy import stats
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.metrics import _dist_metrics
from sklearn.neighbors import _kd_tree

from safeload.policy.judge import judge
from safeload.policy.policy import Policy
from safeload.scan.scan import scan
from tests.builder import Name, Pickle


class Reduced:
    """An object that pickles as a given call, state and items."""

    def __init__(self, *form: Any) -> None:
        self.form = form

    def __reduce__(self) -> Any:
        return self.form


def findings(model: Any, protocol: int = 4) -> list[str]:
    data = pickle.dumps(model, protocol)
    found = judge(scan(data), Policy.default()).findings
    return [finding.rule for finding in found if finding.severity != "note"]


def of_template(text: Any) -> bytes:
    """A frozen uniform distribution with another template, as legitimate else."""
    frozen = stats.uniform(1, 2)
    legitimate = frozen.dist.__dict__["_parse_arg_template"]
    frozen.dist.__dict__["_parse_arg_template"] = text(legitimate)
    return pickle.dumps(frozen, 4)


def generator(bits: type, **changes: Any) -> Reduced:
    state = {**bits(1).state, **changes}
    return Reduced(random_pickle.__dict__["__bit_generator_ctor"], (bits,), state)


def mersenne(position: Any) -> Reduced:
    key = np.random.MT19937(1).state["state"]["key"]
    return generator(np.random.MT19937, state={"key": key, "pos": position})


def block(columns: Any, values: Any = None) -> Reduced:
    return Reduced(_unpickle_block, (np.zeros((2, 3)) if values is None else values, columns, 2))


def blocks(*columns: Any) -> Reduced:
    axes = [pd.RangeIndex(2), pd.RangeIndex(3)]
    return Reduced(BlockManager, (tuple(map(block, columns)), axes))


def values(cls: str, array: Any) -> Reduced:
    from pandas._libs import arrays

    legitimate = {"DatetimeArray": "M8[ns]", "TimedeltaArray": "m8[ns]"}[cls]
    make = arrays.__dict__["__pyx_unpickle_NDArrayBacked"]
    return Reduced(make, (getattr(pd.arrays, cls), 82904607, None), (np.dtype(legitimate), array))


LEGITIMATE: dict[str, Any] = {
    "a fraction of whole numbers": fractions.Fraction(1, 3),
    "a fraction as Python 3.10 writes it": Reduced(fractions.Fraction, ("-12/34",)),
    "a time zone": zoneinfo.ZoneInfo("Europe/Paris"),
    "a position at the end of its buffer": mersenne(624),
    "a counter's position in its buffer": generator(np.random.Philox, buffer_pos=4),
    "blocks that are each column once": blocks(slice(0, 1, 1), slice(1, 2, 1)),
    "blocks that alternate": blocks(slice(0, 3, 2), slice(1, 2, 1)),
    "times in an array of times": values("DatetimeArray", np.array([1], "M8[ns]")),
    "a template of a distribution with shapes": stats.genextreme(0.1),
    "a template of a distribution on whole numbers": stats.randint(1, 5),
    "a vectoriser with a pattern": CountVectorizer(token_pattern=r"[a-z]+"),
    "a vectoriser without one": CountVectorizer(tokenizer=str.split, token_pattern=None),
    "an empty tree whose state follows": Reduced(_kd_tree.newObj, (_kd_tree.KDTree,)),
}
HOSTILE: dict[str, Any] = {
    "a fraction of a power of ten that fills the memory": Reduced(
        fractions.Fraction, ("1e999999999",)
    ),
    "a fraction of more digits than Python reads": Reduced(
        fractions.Fraction, (f"1/{'9' * 4301}",)
    ),
    "a bytearray of a length": Reduced(bytearray, (10**12,)),
    "a time zone that is a path": Reduced(
        zoneinfo.ZoneInfo._unpickle,  # type: ignore[attr-defined]
        ("../../../etc/passwd", True),
    ),
    "a pattern that backtracks": CountVectorizer(token_pattern="(a+)+$"),
    "a pattern that backtracks, in a text of numpy": CountVectorizer(
        token_pattern=np.str_("(a+)+$")
    ),
    "a position beyond its buffer, which compiled code reads": mersenne(10**7),
    "a position before its buffer": mersenne(-1),
    "a position that is an array": mersenne(np.array(3)),
    "a position hidden in an object that behaves like a dict": generator(
        np.random.MT19937, state=np.zeros(1, [("key", "u4", (624,)), ("pos", "i8")])[0]
    ),
    "a counter's position beyond its buffer": generator(np.random.Philox, buffer_pos=-(10**9)),
    "a generator of a class that is none": Reduced(
        random_pickle.__dict__["__bit_generator_ctor"], (np.ndarray,)
    ),
    "a generator made by another function": Reduced(
        random_pickle.__dict__["__generator_ctor"], ("MT19937", len)
    ),
    "an instance of a class of another module": Reduced(_dist_metrics.newObj, (_kd_tree.KDTree,)),
    "an instance of the maker itself": Reduced(_dist_metrics.newObj, (_dist_metrics.newObj,)),
    "a block beyond all columns, where compiled code writes": blocks(slice(10**7, 10**7 + 2, 1)),
    "two blocks of the same column": blocks(slice(0, 1, 1), slice(0, 1, 1)),
    "a block that counts backwards": blocks(slice(5, 3, -1)),
    "a frame of something that is no block": Reduced(BlockManager, ((np.zeros(3),), [])),
    "numbers in an array of times": values("DatetimeArray", np.array([1.5])),
    "objects in an array of spans": values("TimedeltaArray", np.array([None], object)),
    "an index of a class that is none": Reduced(_new_Index, (pd.DataFrame, {"data": [1]})),
    "an index with an argument of its own": Reduced(_new_Index, (pd.Index, {"tupleize_cols": 1})),
}
CODE = "\nimport os\nos.system('true')\n"
TEMPLATES: dict[str, Any] = {
    "other code": lambda legitimate: CODE,
    "code after scipy's own": lambda legitimate: legitimate + CODE,
    "code before scipy's own": lambda legitimate: CODE + legitimate,
    "a default value that is computed": lambda legitimate: legitimate.replace(
        "loc=0", "loc=exit()"
    ),
    "a shape that is an expression": lambda legitimate: legitimate.replace(
        "(self,  ", "(self, a=exit(), "
    ),
    "a shape with a comment": lambda legitimate: legitimate.replace("(self,  ", "(self, a#, "),
    "a letter beyond ASCII": lambda legitimate: legitimate.replace("(self,  ", "(self, \u00aa, "),
    "no text": lambda legitimate: 5,
}


@pytest.mark.parametrize("sentence", LEGITIMATE)
@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_passes(sentence: str, protocol: int) -> None:
    # What the state of native code holds is judged apart from arguments, and tested there.
    assert set(findings(LEGITIMATE[sentence], protocol)) <= {"SL401"}


@pytest.mark.guarantee("G11")
@pytest.mark.parametrize("sentence", HOSTILE)
@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_is_refused(sentence: str, protocol: int) -> None:
    assert "SL103" in findings(HOSTILE[sentence], protocol)


# pytz is no library of ours; its names are judged without it.
ZONES: dict[str, tuple[Any, ...]] = {
    "a zone": ("Europe/Paris",),
    "a zone at one of its offsets": ("America/Argentina/Buenos_Aires", -10800, 0, "-03"),
}
NO_ZONES: dict[str, tuple[Any, ...]] = {
    "a path": ("../../etc/passwd",),
    "an absolute path": ("/etc/passwd",),
    "no text": (5,),
    "no arguments": (),
    "an offset without an abbreviation": ("Europe/Paris", 60),
    "an offset of years": ("Europe/Paris", 10**9, 0, "CET"),
    "an offset that is an object": ("Europe/Paris", Name("builtins", "int"), 0, "CET"),
    "an abbreviation that is none": ("Europe/Paris", 60, 0, "x" * 9),
}


@pytest.mark.parametrize("sentence", ZONES)
def test_a_zone_of_pytz_passes(sentence: str) -> None:
    data = Pickle(4).call(Name("pytz", "_p"), *ZONES[sentence]).finish()
    assert judge(scan(data), Policy.default()).findings == ()


@pytest.mark.guarantee("G11")
@pytest.mark.parametrize("sentence", NO_ZONES)
def test_a_zone_of_pytz_is_refused_that_is(sentence: str) -> None:
    data = Pickle(4).call(Name("pytz", "_p"), *NO_ZONES[sentence]).finish()
    found = judge(scan(data), Policy.default()).findings
    assert "SL103" in [finding.rule for finding in found]


def test_a_moment_may_have_a_zone_of_pytz() -> None:
    moment = b"\x07\xea\x01\x02\x00\x00\x00\x00\x00\x00"
    data = Pickle(4).call(
        Name("datetime", "datetime"), moment, lambda pickle: pickle.call(Name("pytz", "_UTC"))
    )
    assert judge(scan(data.finish()), Policy.default()).findings == ()


@pytest.mark.guarantee("G11")
@pytest.mark.parametrize("sentence", TEMPLATES)
def test_a_distribution_is_refused_that_holds(sentence: str) -> None:
    found = judge(scan(of_template(TEMPLATES[sentence])), Policy.default()).findings
    assert "SL103" in [finding.rule for finding in found]


def test_a_distribution_with_two_templates_is_refused() -> None:
    """The second overwrites the first, but a state that is used in between has run the first."""
    data = pickle.dumps(stats.uniform(1, 2).dist, 0)
    key = b"V_parse_arg_template\n"
    start = data.index(key)
    forged = data[:start] + key + b"Vimport os\ns" + data[start:]
    found = judge(scan(forged), Policy.default()).findings
    assert "SL103" in [finding.rule for finding in found]


@pytest.mark.parametrize(
    "name", [name for name, dist in vars(stats).items() if isinstance(dist, stats.rv_continuous)]
)
def test_every_continuous_distribution_of_scipy_passes(name: str) -> None:
    assert findings(getattr(stats, name)) == []


@pytest.mark.parametrize(
    "name", [name for name, dist in vars(stats).items() if isinstance(dist, stats.rv_discrete)]
)
def test_every_discrete_distribution_of_scipy_passes(name: str) -> None:
    assert findings(getattr(stats, name)) == []
