"""Which regular expressions a model may hold as its tokeniser, and which would freeze a process."""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import safeload
from safeload.policy.patterns import alphabet
from safeload.policy.patterns.alphabet import _representatives
from safeload.policy.patterns.judge import backtracks
from tests.costs import bounded

ACCEPTED = {
    "scikit-learn's default": r"(?u)\b\w\w+\b",
    "words": r"\b\w+\b",
    "words with a letter in them": r"(?ui)\b\w*[a-z]+\w*\b",
    "words, marked Unicode": r"(?u)\b\w+\b",
    "letters": r"[a-zA-Z]+",
    "two letters at least": r"[A-Za-z]{2,}",
    "what is no space": r"\S+",
    "spaces, to split at": r"\s+",
    "what is no space, as a set": r"[^\s]+",
    "nltk: words, money, others": r"\w+|\$[\d\.]+|\S+",
    "nltk: words and punctuation": r"\w+|[^\w\s]+",
    "nltk: acronyms, hyphens, money, dots": (
        r"(?:[A-Z]\.)+|\w+(?:-\w+)*|\$?\d+(?:\.\d+)?%?|\.\.\.|[][.,;\"'?():_`-]"
    ),
    "one apostrophe": r"[a-z]+(?:'[a-z]+)?",
    "identifiers": r"(?u)\b[a-zA-Z][a-zA-Z0-9_]+\b",
    "words without digits": r"\b[^\d\W]+\b",
    "words with apostrophes in": r"[\w']+",
    "numbers between spaces": r"(?<=\s)\d+(?=\s|$)",
    "addresses": r"https?://\S+",
    "mail": r"[\w.+-]+@[\w-]+\.[\w.-]+",
    "decimal numbers": r"\d+(?:[.,]\d+)*",
    "hashtags": r"#\w+",
    "mentions": r"@\w+",
    "emoji": "[\U0001f600-\U0001f64f\U0001f300-\U0001f5ff]+",
    "Chinese": r"[\u4e00-\u9fff]+",
    "a list of words": r"(?i)\b(?:foo|bar|baz)\b",
    "GPT-2": r"'s|'t|'re| ?\w+| ?\d+| ?[^\s\w]+|\s+(?!\S)|\s+",
    "an empty line": r"^\s*$",
    "punctuation": r"\.|,|;|!|\?",
    "words with apostrophes between": r"\w+(?:'\w+)*",
    "words with hyphens between": r"\w+(?:[-']\w+)*",
    "acronyms": r"(?:[A-Z]\.)+",
    "amounts": r"\$?\d+(?:\.\d+)?%?",
    "branches that share nothing, repeated": r"(?:[^\W\d_]|['-])+",
    "branches that the parser merges": r"(?:\w|-)+",
    "branches that share a beginning": r"(?:foo|fob|bar|baz)+",
    "words each ended by a space": r"(?:\w+\s+)*",
    "two repeats of spaces": r"\s*\w*\s*",
    "something within anything": r".*foo.*",
    "possessive repeats within a repeat": r"(?:\w++\s*+)*$",
    "an atomic repeat within a repeat": r"(?:(?>a+))+b",
    "a possessive repeat of a group": r"(?:ab)*+c",
    "optional letters before a repeat": r"[A-Z]?[A-Za-z]?[a-z]+",
    "a group of one class, repeated": r"([\w-])+",
    "a group of all but a class, repeated": r"([^\w\d])+",
    "a group read as ASCII": r"(?:(?a:\w)|[^\x00-\x7f]x)+",
    "a condition": r"(<)?\w+(?(1)>|$)",
    "a word twice": r"(\w+)\s+\1",
    "thousands": r"\d{1,3}(?:,\d{3})*",
    "dates": r"\d{1,2}[/-]\d{1,2}[/-]\d{2,4}",
    "telephone numbers": (r"(?:\+?\d{1,3}[-.\s]?)?\(?\d{3}\)?[-.\s]?\d{3}[-.\s]?\d{4}"),
    "a digest": r"\b[0-9a-f]{64}\b",
    "tags": r"<[^>]+>",
    "comments": r"(?s)<!--(?:(?!-->).)*-->",
    "written with comments": "(?x) \\w+ # words",
}

REFUSED = {
    "a repeat within a repeat": r"(a+)+$",
    "the same, lazily": r"(?:a+?)*?$",
    "nothing must stand between repeats": r"(\w+\s*)*$",
    "what starts a repeat can be within it": r"(a\w+)*$",
    "a repeat of what may be empty": r"(a*)*$",
    "bounded repeats within each other": r"((a{0,16}){0,16}){0,16}b",
    "a short repeat of many optional ones": r"(?:a?){30}b",
    "optional ones side by side": "a?" * 30 + "a" * 30,
    "branches that overlap": r"(?:.|a)*b",
    "branches that are the same": r"(a|a)*$",
    "classes that overlap, which the parser merges": r"(\w|\d)*$",
    "a branch that two others make": r"(a|b|ab)*c",
    "a branch that another makes twice": r"(a|aa)+$",
    "branches that overlap, side by side": "(?:a|b|ab)" * 30 + "c",
    "branches that overlap when case is ignored": r"(?i)(?:k|\u212a|xx)*$",
    "branches that overlap far from ASCII": "(?:[\u4e00-\u9fff]|\u6f22|xx)*$",
    "classes that overlap within ranges": "(?:[\u02c2-\u0371]|[^\\W\u0100-\u02c1]|xx)*$",
    "three repeats side by side": r"a*a*a*b",
    "ten repeats side by side": r"a*a*a*a*a*a*a*a*a*a*b",
    "eleven columns of anything": r"(?:.*,){11}P",
    "ways past a point that matches nothing": r"a(?:^|$|\b)(?:^|$|\b)(?:^|$|\b)(?:^|$|\b)$x",
    "a huge count": r"a{1,10000}",
    "counts of counts": r"(?:(?:a{100}){100}){100}",
    "exponential within a look-ahead": r"(?=(a+)+b)a",
    "exponential within a negative look-ahead": r"(?!(?:a|a)*b)a",
    "exponential within an atomic group": r"(?>(a+)+b)",
    "a quadratic look-ahead at each step": r"(?:(?=.*a.*b)a)*",
    "a reference within a repeat": r"(\w)(?:\1)+",
    "a condition within a repeat": r"(a)?(?:(?(1)b|c))+",
    "groups nested beyond need": "(" * 500 + "a" + ")" * 500,
    "no pattern": "(",
}

# Texts on which patterns of the table above are known to take more than the limit.
BLOWN_UP_BY = {
    "a repeat within a repeat": "a" * 39 + "!",
    "the same, lazily": "a" * 39 + "!",
    "nothing must stand between repeats": "a" * 39 + "!",
    "bounded repeats within each other": "a" * 40,
    "a short repeat of many optional ones": "a" * 30,
    "branches that overlap": "a" * 40,
    "branches that are the same": "a" * 39 + "!",
    "a branch that two others make": "ab" * 40,
    "a branch that another makes twice": "a" * 60 + "!",
    "exponential within a look-ahead": "a" * 40,
    "exponential within an atomic group": "a" * 40,
    "branches that overlap when case is ignored": "k" * 39 + "!",
    "branches that overlap far from ASCII": "\u6f22" * 39 + "!",
}

HOSTILE_TEXTS = [
    "a" * 2000 + "!",
    " " * 2000,
    " " * 2000 + "!",
    "a " * 1000 + "!",
    "1" * 2000 + "!",
    "1,1." * 500 + "!",
    "a-" * 1000 + "!",
    "A." * 1000,
    "foo" * 666,
    "<!--" * 500,
    "\u6f22" * 2000 + "!",
]
FIND_ALL = "import json, re, sys; p, ts = json.load(sys.stdin); [re.findall(p, t) for t in ts]"
SEARCH = "import json, re, sys; p, t = json.load(sys.stdin); re.search(p, t)"


@pytest.mark.parametrize("pattern", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_a_real_tokenisers_pattern_passes(pattern: str) -> None:
    assert not backtracks(pattern, int(re.compile(pattern).flags))
    assert not backtracks(pattern, 0)


@pytest.mark.parametrize("pattern", REFUSED.values(), ids=REFUSED.keys())
def test_a_pattern_that_can_freeze_the_process_is_refused(pattern: str) -> None:
    assert backtracks(pattern, int(re.UNICODE))


def test_a_pattern_without_the_unicode_flag_is_also_read_as_bytes_are() -> None:
    # In Unicode é is a letter; in bytes it is not, and both branches match it.
    pattern = r"(?:\W|é|xx)*b"
    assert not backtracks(pattern, int(re.UNICODE))
    assert backtracks(pattern, 0)


def test_flags_given_apart_count_as_those_in_the_pattern() -> None:
    pattern = r"(?:k|K|xx)*$"
    assert not backtracks(pattern, int(re.UNICODE))
    assert backtracks(pattern, int(re.UNICODE | re.IGNORECASE))


def test_the_classical_refused_patterns_really_blow_up() -> None:
    children = {}
    for name, text in BLOWN_UP_BY.items():
        program = bounded(SEARCH, seconds=3)
        child = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE)
        assert child.stdin is not None
        child.stdin.write(json.dumps([REFUSED[name], text]).encode())
        child.stdin.close()
        children[name] = child
    ends = {name: child.wait() for name, child in children.items()}
    assert ends == dict.fromkeys(BLOWN_UP_BY, -signal.SIGXCPU)


@pytest.mark.parametrize("pattern", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_an_accepted_pattern_finds_its_way_through_hostile_text(pattern: str) -> None:
    subprocess.run(
        [sys.executable, "-c", bounded(FIND_ALL)],
        input=json.dumps([pattern, HOSTILE_TEXTS]).encode(),
        check=True,
    )


# What patterns are made of, so that many of those drawn can be parsed.
PARTS = st.sampled_from(
    [
        *"ab.()|*+?^$\\",
        "(?:",
        "(?=",
        "(?!",
        "(?>",
        "[^a]",
        r"\w",
        r"\d",
        "{0,9}",
        "{2,}",
        "*+",
        r"\1",
    ]
)


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(st.text(max_size=60), st.lists(PARTS, max_size=40).map("".join)),
    st.sampled_from([0, re.UNICODE, re.IGNORECASE, re.VERBOSE | re.UNICODE, re.ASCII, re.LOCALE]),
)
def test_any_text_is_judged_and_always_the_same_way(pattern: str, flags: int) -> None:
    judged = backtracks(pattern, int(flags))
    assert isinstance(judged, bool)
    assert backtracks(pattern, int(flags)) is judged


@pytest.mark.parametrize(
    "pattern",
    [
        ".*" + "a" * 1998,
        "ab" * 1000,
        "|" * 2000,
        "(|)" * 660,
        "a{64}" * 77,
        "a{0,64}" * 280,
        "(?=a*)" * 330,
        "(" * 39 + "a" + "){2}" * 39,
        "(?i)" + "".join(f"[{chr(256 + i)}-\uffff]" for i in range(390)),
        "(?:" + "|".join(f"{chr(0x4E00 + i)}a" for i in range(600)) + ")+",
        "\\" * 2000,
        "[" * 2000,
    ],
    ids=lambda pattern: pattern[:12],
)
def test_the_longest_patterns_are_judged_as_well(pattern: str) -> None:
    assert isinstance(backtracks(pattern[:2000], int(re.UNICODE)), bool)


# Patterns of safeload itself that the analysis does not see through, and why they are none.
UNDERSTOOD = {
    "_TEMPLATE": "each name ends with a comma, and what is referred to again is text that was read",
    "_RATIO": "digits, a bounded number of them, before an end or a slash",
    "_PAIR": "the length that stands first decides how the rest is read",
    "_PAIRS": "as _PAIR, possessive",
    "_FULL": "as _PAIR, possessive",
    "_BASE_SCORE": "numbers hold no comma, and each further one begins with one",
    "_MODULE": "each part of a module's name begins with a dot and holds none",
}


def _own_patterns() -> Iterator[tuple[str, re.Pattern[Any]]]:
    for module in pkgutil.walk_packages(safeload.__path__, "safeload."):
        if module.name.endswith(("__main__", ".child")):
            continue
        try:
            names = vars(importlib.import_module(module.name))
        except ModuleNotFoundError:
            # What serves models on a platform needs that platform's library.
            if not module.name.startswith("safeload.serving."):
                raise
            continue
        for name, value in names.items():
            if isinstance(value, re.Pattern):
                yield name, value


def test_no_pattern_of_our_own_is_one_that_we_would_refuse() -> None:
    slow = set()
    for name, pattern in _own_patterns():
        text = (
            pattern.pattern if isinstance(pattern.pattern, str) else str(pattern.pattern, "latin")
        )
        if backtracks(text, pattern.flags & ~int(re.DEBUG)):
            slow.add(name)
    assert slow <= set(UNDERSTOOD)


@pytest.mark.parametrize("pattern", [*ACCEPTED.values(), *REFUSED.values()])
def test_few_characters_tell_as_much_as_all(pattern: str, monkeypatch: pytest.MonkeyPatch) -> None:
    verdict = backtracks(pattern, 0)
    monkeypatch.setattr(alphabet, "_FEW_KINDS", _representatives())

    assert backtracks(pattern, 0) is verdict


def test_the_usual_patterns_need_no_look_at_all_of_unicode(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alphabet, "_representatives", None)

    assert not backtracks(r"(?u)\b\w\w+\b", int(re.UNICODE))
    assert not backtracks(r"[a-z]+|[^\W\d]+", 0)


def test_an_alphabet_holds_every_character_that_has_case() -> None:
    known = _representatives()

    cased = {char for char in map(chr, range(0x20000)) if {char.lower(), char.upper()} != {char}}
    assert cased <= known
    assert {"\0", "\x7f", chr(0x20000)} <= known
    assert len(known) < 10_000
