"""What names of models are, and which of them a pattern stands for."""

from __future__ import annotations

import fnmatch
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeload.errors import UsageError
from safeload.trust.names import matches, require_name, why_no_name, why_no_pattern
from tests.trust.names import NAMES, PATTERNS

LEGITIMATE = [
    "churn", "Churn", "churn-v2.1_final", "churn (EU)", "Größe", "modèle", "客户流失", "نموذج",
    "R&D: #3", "O'Brien's", "model[1]", "a", "x" * 255, "100 %", "~", ".", "é",
]  # fmt: skip
NO_NAMES = {
    "nothing": "",
    "too long": "x" * 256,
    "a slash": "team/churn",
    "a backslash": "team\\churn",
    "a line break": "churn\n",
    "NUL": "a\0b",
    "an escape": "\x1b[2J",
    "a line separator": "a\u2028b",
    "a paragraph separator": "a\u2029b",
    "a text turned around": "a\u202eb",
    "an isolate": "a\u2066b",
    "a joiner that has no width": "a\u200bb",
    "a byte order mark": "\ufeffchurn",
    "a joiner of graphemes": "a\u034fb",
    "a sign that chooses how another one is drawn": "churn\ufe0f",
    "one of the rare such signs": "churn\U000e0100",
    "a letter without a form": "churn\u3164",
    "a half such letter": "churn\uffa0",
    "an empty cell of braille": "churn\u2800",
    "a vowel that is not seen": "a\u17b4b",
    "a soft hyphen": "chu\u00adrn",
    "a blank in front": " churn",
    "a blank behind": "churn ",
    "a blank of another kind": "a\u00a0b",
    "blanks alone": "   ",
    "half a pair": "\ud800",
    "a private character": "\ue000",
    "letters in another normal form": "mode\u0301le",
    "a sign that stands for another": "\u212bngstrom",
    "no text": 7,
    "bytes": b"churn",
    "None": None,
}


@pytest.mark.parametrize("name", LEGITIMATE)
def test_what_people_call_models_is_a_name(name: str) -> None:
    assert why_no_name(name) == ""
    require_name(name)


@pytest.mark.parametrize("name", NO_NAMES.values(), ids=list(NO_NAMES))
def test_what_no_model_can_be_called_is_an_error_of_who_asks(name: object) -> None:
    assert why_no_name(name)
    assert why_no_pattern(name)
    with pytest.raises(UsageError) as caught:
        require_name(name)
    assert caught.value.code == "model-name"
    assert not isinstance(name, str) or not matches("*", name)


# Each ASCII character that is neither a letter, a digit nor one of these is refused in a pattern.
LITERAL = " %+,-.:=@_*?"


@pytest.mark.parametrize("character", [chr(n) for n in range(33, 127) if not chr(n).isalnum()])
def test_a_pattern_holds_nothing_that_a_shell_takes_for_something_else(character: str) -> None:
    assert (why_no_pattern(f"a{character}b") == "") == (character in LITERAL)


@pytest.mark.parametrize(
    "pattern", ["[^w]*", "[!w]*", "[a-z]", "{a,b}", "!w*", "a\\*", "~/x", "+(a)"]
)
def test_a_pattern_that_would_grant_something_else_than_it_says_is_none(pattern: str) -> None:
    assert why_no_pattern(pattern)


MATCHES = [
    ("churn", "churn", True),
    ("churn", "Churn", False),
    ("fraud-*", "fraud-", True),
    ("fraud-*", "fraud-eu-2", True),
    ("fraud-*", "fraud", False),
    ("*", "anything at all", True),
    ("**", "anything", True),
    ("*-eu", "fraud-eu", True),
    ("*-eu", "fraud-eu2", False),
    ("a*b*c", "a-b-b-c", True),
    ("a*b*c", "a-c-b", False),
    ("?", "客", True),
    ("?", "ab", False),
    ("c?urn*", "churn", True),
    ("model?1?", "model[1]", True),
    ("*", "team/churn", False),
    ("*", "a\nb", False),
    ("?", "/", False),
    ("a?b", "a\0b", False),
    ("*" * 100 + "b", "a" * 255, False),
]


@pytest.mark.guarantee("G4")
@pytest.mark.parametrize(("pattern", "name", "expected"), MATCHES)
def test_a_pattern_stands_for_names_within_one_part(
    pattern: str, name: str, expected: bool
) -> None:
    assert matches(pattern, name) is expected


@given(pattern=PATTERNS, name=NAMES)
def test_on_names_a_pattern_is_what_a_shell_takes_it_for(pattern: str, name: str) -> None:
    assert matches(pattern, name) == fnmatch.fnmatchcase(name, pattern)


@given(
    pattern=st.text("ab*?", min_size=1, max_size=12), name=st.text("ab", min_size=1, max_size=12)
)
def test_on_names_of_few_letters_too(pattern: str, name: str) -> None:
    expected = pattern.replace("*", ".*").replace("?", ".")
    assert matches(pattern, name) == bool(re.fullmatch(expected, name))


@given(name=NAMES)
def test_a_name_without_signs_stands_for_itself_alone(name: str) -> None:
    assert why_no_name(name) == ""
    assert matches(name, name)
    assert matches("*", name)
