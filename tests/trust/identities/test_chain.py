"""A chain that verifiers would refuse is refused before anything is signed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from safeload.errors import UsageError
from safeload.trust.identities.chain import read_chain
from safeload.trust.keys import SigningKey
from tests.trust.identities.issuing import (
    END,
    IDENTITY,
    SERVER_AUTH,
    START,
    Issued,
    between,
    issue,
    leaf,
    names,
    root,
    usage,
)
from tests.trust.statements import NOW

ROOT = root()
BETWEEN = between("between", ROOT)
LEAF = leaf(BETWEEN)
KEY = SigningKey._of(LEAF.key).public
DAY = timedelta(days=1)


def file(directory: Path, chain: Sequence[Issued]) -> Path:
    path = directory / "chain.pem"
    path.write_text("".join(each.pem for each in chain), encoding="ascii")
    return path


@pytest.mark.parametrize("chain", [[LEAF], [LEAF, BETWEEN], [LEAF, BETWEEN, ROOT]])
def test_a_chain_is_read_in_its_order(tmp_path: Path, chain: Sequence[Issued]) -> None:
    assert read_chain(file(tmp_path, chain), KEY, now=NOW) == tuple(each.der for each in chain)


def test_text_around_certificates_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "chain.pem"
    path.write_text(f"subject=CN = signer\n{LEAF.pem}\nissuer:\n{BETWEEN.pem}", encoding="ascii")
    assert len(read_chain(path, KEY, now=NOW)) == 2


WRONG: dict[str, tuple[Callable[[], Sequence[Issued]], str]] = {
    "nothing": (list, "chain-malformed"),
    "nine certificates": (lambda: [LEAF, *[BETWEEN] * 8], "chain-malformed"),
    "the issuer is left out": (lambda: [LEAF, ROOT], "chain-malformed"),
    "the order is another one": (lambda: [LEAF, ROOT, BETWEEN], "chain-malformed"),
    "a certificate comes twice": (lambda: [LEAF, BETWEEN, BETWEEN], "chain-malformed"),
    "the root comes first": (lambda: [ROOT, BETWEEN, LEAF], "chain-of-another-key"),
    "another one's certificate": (lambda: [leaf(BETWEEN, name="x")], "chain-of-another-key"),
    "not valid any more": (lambda: [leaf(ROOT, end=NOW - DAY)], "chain-unsuitable"),
    "not valid yet": (lambda: [leaf(ROOT, start=NOW + DAY)], "chain-unsuitable"),
    "no usage": (lambda: [issue("signer", ROOT, [names(IDENTITY)])], "chain-unsuitable"),
    "another usage": (
        lambda: [issue("signer", ROOT, [usage("key_agreement"), names(IDENTITY)])],
        "chain-unsuitable",
    ),
    "another purpose": (
        lambda: [leaf(ROOT, x509.ExtendedKeyUsage([SERVER_AUTH]))],
        "chain-unsuitable",
    ),
    "nobody's name": (
        lambda: [issue("signer", ROOT, [usage("digital_signature")])],
        "chain-unsuitable",
    ),
    "an authority's": (
        lambda: [between("signer", ROOT, names(IDENTITY))],
        "chain-unsuitable",
    ),
}


@pytest.mark.parametrize("case", WRONG.values(), ids=WRONG)
def test_what_no_verifier_would_accept_is_not_signed_with(
    tmp_path: Path, case: tuple[Callable[[], Sequence[Issued]], str]
) -> None:
    chain, code = case
    with pytest.raises(UsageError) as caught:
        read_chain(file(tmp_path, chain()), KEY, now=NOW)
    assert caught.value.code == code


def test_the_first_and_the_last_second_are_valid(tmp_path: Path) -> None:
    path = file(tmp_path, [LEAF])
    assert read_chain(path, KEY, now=START)
    assert read_chain(path, KEY, now=END)


def test_a_file_that_is_none_is_a_wrong_usage(tmp_path: Path) -> None:
    for path in (tmp_path / "missing", tmp_path):
        with pytest.raises(UsageError) as caught:
            read_chain(path, KEY, now=NOW)
        assert caught.value.code == "chain-unreadable"


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\xff\xfe",
        b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        KEY.pem.encode(),
    ],
)
def test_a_file_of_something_else_is_no_chain(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "chain.pem"
    path.write_bytes(text)
    with pytest.raises(UsageError) as caught:
        read_chain(path, KEY, now=NOW)
    assert caught.value.code == "chain-malformed"
