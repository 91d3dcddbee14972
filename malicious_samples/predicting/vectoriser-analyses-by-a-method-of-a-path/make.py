"""A vectoriser's analyser is made by an attrgetter that reaches write_text of a path."""

from __future__ import annotations

from malicious_samples.recipes import legitimate_state, make_call
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    path = make_call(Name("pathlib", "PosixPath"), canary)
    getter = make_call(Name("operator", "attrgetter"), "write_text")
    state = legitimate_state(
        input="content", encoding="utf-8", decode_error="strict", strip_accents=None,
        lowercase=True, preprocessor=None, tokenizer=None, analyzer="word", stop_words=None,
        token_pattern=r"(?u)\b\w\w+\b", ngram_range=(1, 1), binary=False, vocabulary=None,
        dtype=Name("numpy", "int64"), max_df=1.0, min_df=1, max_features=None,
        fixed_vocabulary_=False, vocabulary_={"apple": 0},
        build_analyzer=make_call(Name("functools", "partial"), getter, path),
    )  # fmt: skip
    cls = Name("sklearn.feature_extraction.text", "CountVectorizer")
    return Pickle(framed=True).object_(cls, state=state).finish()
