"""Data that people are in become a few rows that nobody is in: drawn from ranges and levels.

What is recorded in a manifest is read by whoever has the bundle. So a probe need not hold rows of
the
data: numbers and dates are drawn between quantiles, categories from the levels that many rows have
or the model knows by itself, texts from words of the model's own. A row that the data hold is drawn
anew. The same data and the same model give the same rows.

Trust: the data are the signer's own, and what is secret about them stays here: no single row, no
rare level and no extreme value leaves this module. The model was loaded under the guard; of its
attributes only those are read that name categories and words.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from safeload.errors import UsageError
from safeload.loading.probe_data import frame_of, is_frame, is_records
from safeload.unruly import UNRULY, described

__all__ = ["synthetic_rows"]

_ROWS = 16
# Rows that a level, a word or the absence of a value has to occur in, before it is drawn; and rows
# that there have to be, so that quantiles are nobody's own values.
_FREQUENT, _LEAST = 10, 20
_QUANTILES = (0.05, 0.95)
# Numbers of so few kinds are levels: codes, counts, grades.
_FEW_KINDS = 32
_ATTEMPTS = 100
_WORDS = (4, 13)
# Objects of a model that are looked into, and words of its vocabulary that are drawn from.
_OBJECTS, _MOST_WORDS = 10_000, 1_000
# For whom no level is known: nobody's name, and no category of any model.
_UNKNOWN = "unknown"

_Draw = Callable[[], Any]


def synthetic_rows(model: Any, data: Any) -> Any:
    """Draw rows like those of some data.

    Args:
        model: A fitted model, whose columns are drawn if the data are a frame with others as well.
        data: An array of shape (n_rows, n_columns), a data frame, a list of texts, or a list of
            records; 20 rows at least.

    Returns:
        Sixteen rows of the same form, none of which is among the data.

    Raises:
        UsageError: The data are of another form or too few (``probe-from-unsuitable``), or hold
            every row that could be drawn (``probe-from-exhausted``).
    """
    generator = np.random.default_rng(0)
    try:
        words, known = _learnt(model)
        if isinstance(data, list) and all(isinstance(text, str) for text in data):
            _require_many(len(data))
            text = _text(generator, words or _frequent_words(data))
            return [row[0] for row in _others([text], {(one,) for one in data})]
        if is_records(data):
            drawn = _frame(generator, _columns_of(model, frame_of(data)), words, known)
            if getattr(model, "feature_names_in_", None) is not None:
                return drawn
            return [
                {name: value for name, value in row.items() if not _is_missing(value)}
                for row in drawn.to_dict("records")
            ]
        if is_frame(data):
            return _frame(generator, _columns_of(model, data), words, known)
        array = np.asarray(data)
        if array.ndim != 2 or array.dtype.kind not in "biufO":
            raise _unsuitable(f"it is an array of {array.ndim} dimensions and type {array.dtype}")
        _require_many(len(array))
        draws = [_column(generator, array[:, at], words, known) for at in range(array.shape[1])]
        rows = _others(draws, set(map(tuple, array.tolist())))
        return np.array(rows, dtype=array.dtype)
    except UsageError:
        raise
    except UNRULY as error:
        raise _unsuitable(described(error).rstrip(".")) from error


def _frame(generator: np.random.Generator, data: Any, words: list[str], known: set[Any]) -> Any:
    import pandas as pd

    _require_many(len(data))
    columns = [data.iloc[:, place] for place in range(data.shape[1])]
    draws = [_series(generator, column, words, known) for column in columns]
    present = set(zip(*(map(_comparable, column) for column in columns), strict=True))
    rows = _others(draws, present)
    drawn = {
        place: _like(column, [row[place] for row in rows]) for place, column in enumerate(columns)
    }
    frame = pd.DataFrame(drawn)
    frame.columns = data.columns
    return frame


def _columns_of(model: Any, data: Any) -> Any:
    """The columns that the model was fitted on, where it says which and the data have them."""
    names = getattr(model, "feature_names_in_", None)
    if names is None or not set(names) <= set(data.columns) or not data.columns.is_unique:
        return data
    return data[list(names)]


def _like(column: Any, values: list[Any]) -> Any:
    """Values as a column of the same type; the type names no level that was not drawn from."""
    import pandas as pd

    dtype = column.dtype
    if hasattr(dtype, "categories"):
        levels = [level for level in dtype.categories if level in set(values)]
        return pd.Series(pd.Categorical(values, categories=levels, ordered=dtype.ordered))
    return pd.Series(values, dtype=dtype)


def _others(draws: list[_Draw], present: set[Any]) -> list[tuple[Any, ...]]:
    """Rows of which each value is drawn, and of which none is present."""
    rows: list[tuple[Any, ...]] = []
    for _ in range(_ROWS * _ATTEMPTS):
        row = tuple([draw() for draw in draws])
        if tuple(map(_comparable, row)) not in present:
            rows.append(row)
        if len(rows) == _ROWS:
            return rows
    if rows:
        return rows
    raise UsageError(
        "Every row that could be drawn is among the data.",
        code="probe-from-exhausted",
        hint="Give rows that may be seen by whoever has the model, with --probe.",
    )


def _comparable(value: Any) -> Any:
    """A value that is equal to itself, so that rows can be looked up."""
    value = value.item() if isinstance(value, np.generic) else value
    return None if _is_missing(value) else value


def _is_missing(value: Any) -> bool:
    return value is None or type(value).__name__ in ("NAType", "NaTType") or bool(value != value)


# -- columns ---------------------------------------------------------------------------------------


def _series(
    generator: np.random.Generator, column: Any, words: list[str], known: set[Any]
) -> _Draw:
    """How to draw values of a column of a frame."""
    import pandas as pd

    dtype = column.dtype
    if isinstance(dtype, np.dtype) and dtype.kind in "mM":
        plain = column.dropna().to_numpy()
        wrap = pd.Timestamp if dtype.kind == "M" else pd.Timedelta
    elif getattr(dtype, "tz", None) is not None:
        plain = column.dropna().dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()

        def wrap(value: Any) -> Any:
            return pd.Timestamp(value, tz="UTC").tz_convert(dtype.tz)
    else:
        return _column(generator, column.astype(object).to_numpy(), words, known)
    if len(plain) < _LEAST:
        # Quantiles of a few dates would be somebody's own.
        return lambda: pd.NaT
    low, high = (int(bound) for bound in np.quantile(plain.view(np.int64), _QUANTILES))
    unit = np.datetime_data(plain.dtype)[0]
    kind = f"{plain.dtype.kind}8[{unit}]"
    draw = _with_gaps(
        generator, len(column), len(plain), lambda: generator.integers(low, high, endpoint=True)
    )
    return lambda: pd.NaT if (at := draw()) is None else wrap(np.int64(at).view(kind))


def _column(
    generator: np.random.Generator, values: Any, words: list[str], known: set[Any]
) -> _Draw:
    """How to draw values of a column of numbers, of text, or of both."""
    plain = [_comparable(value) for value in values]
    there = [value for value in plain if value is not None]
    gap = next((value for value in values.tolist() if _is_missing(value)), None)
    drawn = _values(generator, there, words, known, gaps=len(there) < len(plain))
    draw = _with_gaps(generator, len(plain), len(there), drawn)
    return lambda: gap if (value := draw()) is None else value


def _values(
    generator: np.random.Generator,
    there: list[Any],
    words: list[str],
    known: set[Any],
    *,
    gaps: bool,
) -> _Draw:
    counts = Counter(there)
    numbers = bool(there) and all(isinstance(value, bool | int | float) for value in there)
    if not numbers or len(counts) <= _FEW_KINDS or bool in map(type, there):
        # Sorted, so that nothing follows from the order of the data.
        levels = sorted(
            (v for v in counts if counts[v] >= _FREQUENT or v in known),
            key=lambda level: (str(type(level)), level),
        )
        if levels:
            return lambda: levels[int(generator.integers(len(levels)))]
        if not numbers:
            return _text(generator, words) if words else lambda: _UNKNOWN
    finite = np.array([float(value) for value in there if abs(value) < np.inf])
    if len(finite) < _LEAST or bool in map(type, there):
        # Quantiles of a few numbers would be somebody's own.
        if gaps:
            return lambda: None
        raise _unsuitable("a column has no value that many rows have")
    low, high = np.quantile(finite, _QUANTILES)
    if all(isinstance(value, int) for value in there):
        return lambda: int(generator.integers(int(low), int(high), endpoint=True))
    return lambda: float(generator.uniform(low, high))


def _with_gaps(generator: np.random.Generator, rows: int, there: int, draw: _Draw) -> _Draw:
    """Draw None as often as values are missing, if that is so in many rows."""
    share = (rows - there) / rows
    if rows - there < _FREQUENT:
        return draw
    return lambda: None if generator.random() < share else draw()


# -- words -----------------------------------------------------------------------------------------


def _text(generator: np.random.Generator, words: list[str]) -> _Draw:
    if not words:
        raise _unsuitable("the model has no words, and the texts have none that many of them share")

    def draw() -> str:
        places = generator.integers(len(words), size=int(generator.integers(*_WORDS)))
        return " ".join(words[place] for place in places)

    return draw


def _frequent_words(texts: list[str]) -> list[str]:
    counts = Counter(word for text in texts for word in set(text.split()))
    return sorted(word for word, count in counts.items() if count >= _FREQUENT)[:_MOST_WORDS]


def _learnt(model: Any) -> tuple[list[str], set[Any]]:
    """The words and the categories that a model has learnt and that are in its file anyway."""
    words: set[str] = set()
    known: set[Any] = set()
    for name, value in _attributes(model):
        if name == "vocabulary_" and isinstance(value, dict):
            words.update(word for word in value if isinstance(word, str))
        elif name == "categories_" and isinstance(value, list):
            for levels in value:
                known.update(map(_comparable, np.asarray(levels, dtype=object).ravel().tolist()))
    return sorted(words)[:_MOST_WORDS], known - {None}


def _attributes(model: Any) -> Iterator[tuple[str, Any]]:
    """The attributes of a model and of the models within."""
    todo: list[Any] = [model]
    seen: set[int] = set()
    while todo and len(seen) < _OBJECTS:
        item = todo.pop()
        if id(item) in seen:
            continue
        seen.add(id(item))
        if isinstance(item, list | tuple):
            todo += item
        elif isinstance(item, dict):
            todo += item.values()
        elif hasattr(item, "get_params") and isinstance(getattr(item, "__dict__", None), dict):
            yield from item.__dict__.items()
            todo += item.__dict__.values()


def _require_many(rows: int) -> None:
    if rows < _LEAST:
        raise _unsuitable(f"it has {rows} rows, and takes {_LEAST}")


def _unsuitable(why: str) -> UsageError:
    return UsageError(
        f"No rows can be drawn from the data: {why}.",
        code="probe-from-unsuitable",
        hint="Give the data the model was trained on, as .csv, .npy, .json or .parquet; or rows "
        "that may be seen, with --probe.",
    )
