"""The trust file says who may sign what, and nobody else may say it."""

from __future__ import annotations

import base64
import os
import re
import stat
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeload.errors import TrustError, UsageError
from safeload.trust.envelope import VerifiedPayload
from safeload.trust.keys import SigningKey
from safeload.trust.manifest import Manifest, Resource, to_payload
from safeload.trust.trustfile import Grant, TrustedKey, TrustFile, entry_text
from tests.trust.names import PATTERNS
from tests.trust.statements import ALICE, BOB, FILE, NOW, PAYLOAD, SHA256, payload_of, verified

posix = pytest.mark.skipif(os.name != "posix", reason="owners and modes are a POSIX matter")
as_root = pytest.mark.skipif(
    os.name != "posix" or os.geteuid() != 0, reason="only root can give files away"
)

PUBLIC = f'public = """{ALICE.public.pem}"""'
ALICE_ONLY = f"[keys.alice]\n{PUBLIC}\nmodels = ['churn', 'fraud-*']\n"
BOTH = ALICE_ONLY + entry_text("bob", BOB.public, ["*"])
DIGEST = verified(PAYLOAD).sha256
OTHER = "f" * 64
SSH = (
    "ssh-ed25519 "
    + base64.b64encode(
        b"\0\0\0\x0bssh-ed25519\0\0\0 " + base64.b64decode(ALICE.public.pem.splitlines()[1])[-32:]
    ).decode()
)
# A statement of another tool: it covers a file and names no model.
NAMELESS = to_payload(subject="churn", resources=[Resource(".", SHA256)], model=None)


def parsed(text: str) -> TrustFile:
    return TrustFile.parse(text.encode())


def authorised(
    text: str,
    payload: bytes = PAYLOAD,
    *,
    key: SigningKey = ALICE,
    wanted: str | None = None,
    now: datetime = NOW,
) -> Grant:
    proven = verified(payload, key)
    manifest = Manifest.from_payload(proven)
    return parsed(text).authorise(proven, manifest, wanted=wanted, now=now)


def refused(
    text: str,
    payload: bytes = PAYLOAD,
    *,
    key: SigningKey = ALICE,
    wanted: str | None = None,
    now: datetime = NOW,
) -> str:
    with pytest.raises(TrustError) as caught:
        authorised(text, payload, key=key, wanted=wanted, now=now)
    return caught.value.code


def saved(directory: Path, text: str = ALICE_ONLY, *, mode: int = 0o600) -> Path:
    path = directory / "trust.toml"
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


# Reading the text


def test_a_trust_file_gives_its_keys_in_order() -> None:
    trust = parsed(BOTH)
    assert [(s.name, s.key, s.models) for s in trust.signers] == [
        ("alice", ALICE.public, ("churn", "fraud-*")),
        ("bob", BOB.public, ("*",)),
    ]
    assert trust.keys == (ALICE.public, BOB.public)


def test_an_empty_trust_file_trusts_nobody() -> None:
    assert parsed("").signers == ()


def test_what_is_said_of_packs_for_one_model_outweighs_what_is_said_for_all() -> None:
    packs = parsed(
        "packs = ['mlxtend', 'sktime']\nforbidden_packs = ['hdbscan', 'catboost']\n"
        "[models.churn]\npacks = ['hdbscan']\nforbidden_packs = ['sktime']\n"
    ).packs
    assert packs.of("churn").on == {"mlxtend", "hdbscan"}
    assert packs.of("churn").forbidden == {"catboost", "sktime"}
    assert packs.of("fraud").on == {"mlxtend", "sktime"}
    assert packs.of("fraud").forbidden == {"hdbscan", "catboost"}
    assert packs.named == {"mlxtend", "sktime", "hdbscan", "catboost"}
    assert parsed(ALICE_ONLY).packs.named == frozenset()


MALFORMED = {
    "packs that are a text": "packs = 'mlxtend'",
    "packs that are numbers": "packs = [1]",
    "forbidden packs that are a table": "forbidden_packs = {}",
    "a pack without a name": "packs = ['']",
    "a pack that is asked for and forbidden": "packs = ['a']\nforbidden_packs = ['a']",
    "packs of a model that are a text": "[models.churn]\npacks = 'mlxtend'",
    "a pack of a model that is both": "[models.churn]\npacks = ['a']\nforbidden_packs = ['a']",
    "no TOML": "keys: alice",
    "an unknown table": ALICE_ONLY + "[policy]\n",
    "an unknown member of a key": ALICE_ONLY + "modles = ['a']\n",
    "a misspelt restriction": ALICE_ONLY + "notafter = 2026-01-01T00:00:00Z\n",
    "keys that are not a table": "keys = 1",
    "a key that is not a table": "keys.alice = 1",
    "a key without a public key": "[keys.alice]\nmodels = ['*']\n",
    "a public key that is not a text": "[keys.alice]\npublic = 1\nmodels = ['*']\n",
    "a key without models": f"[keys.alice]\n{PUBLIC}\n",
    "a key with no models": f"[keys.alice]\n{PUBLIC}\nmodels = []\n",
    "a key whose models are one text": f"[keys.alice]\n{PUBLIC}\nmodels = '*'\n",
    "a key with an empty model": f"[keys.alice]\n{PUBLIC}\nmodels = ['']\n",
    "a pattern that seems to refuse": f"[keys.alice]\n{PUBLIC}\nmodels = ['[^w]*']\n",
    "a pattern with a separator": f"[keys.alice]\n{PUBLIC}\nmodels = ['team/*']\n",
    "a pattern that ends in a blank": f"[keys.alice]\n{PUBLIC}\nmodels = ['churn ']\n",
    "a pattern in another normal form": f"[keys.alice]\n{PUBLIC}\nmodels = ['mode\u0301le']\n",
    "a floor in another normal form": "[models.'mode\u0301le']\nmin_serial = 1\n",
    "a floor of no name": "[models.'team/churn']\nmin_serial = 1\n",
    "a key with a model that is a number": f"[keys.alice]\n{PUBLIC}\nmodels = [1]\n",
    "a key of no name": f"[keys.'']\n{PUBLIC}\nmodels = ['*']\n",
    "a key name with a line break": f'[keys."a\\nb"]\n{PUBLIC}\nmodels = ["*"]\n',
    "a key name that turns the text around": f'[keys."a\\u202eb"]\n{PUBLIC}\nmodels = ["*"]\n',
    "one name twice": ALICE_ONLY + ALICE_ONLY,
    "one key under two names": ALICE_ONLY + entry_text("eve", ALICE.public, ["*"]),
    "a date without a time": ALICE_ONLY + "not_after = 2026-01-01\n",
    "a time without an offset": ALICE_ONLY + "not_after = 2026-01-01T00:00:00\n",
    "a time in quotes": ALICE_ONLY + "not_before = '2026-01-01T00:00:00Z'\n",
    "only that is one text": ALICE_ONLY + f"only = '{DIGEST}'\n",
    "only with a digest in upper case": ALICE_ONLY + f"only = ['{DIGEST.upper()}']\n",
    "only with a number": ALICE_ONLY + "only = [1]\n",
    "models that are not a table": ALICE_ONLY + "[models]\nchurn = 7\n",
    "a pattern where one model is meant": ALICE_ONLY + "[models.'fraud-*']\nmin_serial = 1\n",
    "a serial that is true": ALICE_ONLY + "[models.churn]\nmin_serial = true\n",
    "a serial that is negative": ALICE_ONLY + "[models.churn]\nmin_serial = -1\n",
    "a serial in quotes": ALICE_ONLY + "[models.churn]\nmin_serial = '7'\n",
    "a threshold of none": ALICE_ONLY + "[models.churn]\nthreshold = 0\n",
    "a threshold that is true": ALICE_ONLY + "[models.churn]\nthreshold = true\n",
    "an unknown member of a model": ALICE_ONLY + "[models.churn]\nmax_serial = 1\n",
    "an unknown kind of revocation": ALICE_ONLY + "[revoked]\nnames = ['alice']\n",
    "a revoked key by name": ALICE_ONLY + "[revoked]\nkeys = ['alice']\n",
    "revoked files as one text": ALICE_ONLY + f"[revoked]\nfiles = '{OTHER}'\n",
    "100,000 nested lists": "a = " + "[" * 100_000,
}


@pytest.mark.parametrize("text", MALFORMED.values(), ids=list(MALFORMED))
def test_a_trust_file_that_is_off_is_refused_as_a_whole(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parsed(text)
    assert caught.value.code == "trustfile-malformed"


# Each with the line that is at fault.
LINES_OF_FAULTS = {
    "an unknown table": (4, "packs = [\n]\n\n[policy]\n"),
    "an unknown entry": (2, "[keys]\nalice.modles = 1\n"),
    "a pattern in a list of several lines": (
        10,
        f"[keys.alice]\n{PUBLIC}\nmodels = [\n  'churn', # ']\n\n  \"a\", '*', 'b',\n  '[x]',\n]\n",
    ),
    "the second of two lists with the same patterns": (
        14,
        f"{ALICE_ONLY}[keys.bob]\n{PUBLIC}\n\n\nmodels = ['churn', '{{fraud-*}}']\n",
    ),
    "an inline table": (1, f"keys = {{ alice = {{ public = '{SSH}', models = ['['] }} }}\n"),
    "a dotted key in quotes": (
        2,
        "\nkeys.\"al.ice\".models = ['!a']\nkeys.'al.ice'.public = '" + SSH + "'",
    ),
    "lines that end as on Windows": (3, "[models.churn]\r\n\r\nmin_serial = -1\r\n"),
    "one key under two names": (8, ALICE_ONLY + entry_text("eve", ALICE.public, ["*"])),
    "a public key": (2, "[keys.alice]\npublic = 'ssh-ed25519 AAAA'\nmodels = ['*']\n"),
    "a threshold": (2, "[models.churn]\nthreshold = 0\n"),
    "a digest among others": (4, f"[revoked]\nfiles = [\n'{OTHER}',\n'{OTHER}0',\n]\n"),
    "texts that look like tables": (
        3,
        'packs = ["""#[x]\\""""", \'\'\'=["""\'\'\',\n"a,b]", \'{\',\n 2026-01-01 00:00:00]\n',
    ),
    "a table of which there are several": (3, "\n\n[[revoked]]\n[[revoked]]\n"),
    "a syntax that is none": (2, "# here\nkeys: alice\n"),
    "an end too early": (2, "\npacks = ['a',"),
    "a byte that is not UTF-8": (3, "#\n#\n# \udcff\n"),
    "a byte order mark": (1, "\ufeff[keys]\n"),
}


@pytest.mark.parametrize(("line", "text"), LINES_OF_FAULTS.values(), ids=list(LINES_OF_FAULTS))
def test_what_is_wrong_with_a_trust_file_is_said_with_its_name_and_line(
    tmp_path: Path, line: int, text: str
) -> None:
    path = tmp_path / "trust.toml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(UsageError) as caught:
        TrustFile.read(path)
    # The place is not a matter of wording.
    assert re.search(r"\bline (\d+)\b", caught.value.message)[1] == str(line)  # type: ignore[index]
    assert str(path) in caught.value.message


def test_a_trust_file_in_another_encoding_is_refused() -> None:
    with pytest.raises(UsageError) as caught:
        TrustFile.parse("# schlüssel\n".encode("latin-1"))
    assert caught.value.code == "trustfile-malformed"


def test_a_public_key_that_is_off_is_refused() -> None:
    with pytest.raises(UsageError) as caught:
        parsed("[keys.alice]\npublic = 'ssh-ed25519 AAAA'\nmodels = ['*']\n")
    assert caught.value.code == "key-malformed"


@given(data=st.binary() | st.text().map(str.encode))
def test_any_bytes_give_a_trust_file_or_a_usage_error(data: bytes) -> None:
    code = ""
    try:
        TrustFile.parse(data)
    except UsageError as error:
        code = error.code
    assert code in {"", "trustfile-malformed"}


# Judging a signer


def test_a_trusted_key_may_sign_what_its_patterns_say() -> None:
    for name in ("churn", "fraud-", "fraud-eu"):
        signer = authorised(ALICE_ONLY, payload_of(name=name))
        assert isinstance(signer, TrustedKey)
        assert (signer.name, signer.key) == ("alice", ALICE.public)


@pytest.mark.guarantee("G4")
@pytest.mark.parametrize("name", ["Churn", "churn2", "a churn", "fraud", "FRAUD-eu"])
def test_a_trusted_key_may_sign_nothing_else(name: str) -> None:
    assert refused(ALICE_ONLY, payload_of(name=name)) == "signer-not-allowed"


def test_a_key_that_is_not_in_the_file_is_unknown() -> None:
    assert refused(ALICE_ONLY, key=BOB) == "signer-unknown"


@pytest.mark.guarantee("G4")
def test_one_signer_does_not_have_the_rights_of_another() -> None:
    payload = payload_of(name="anything")
    assert authorised(BOTH, payload, key=BOB).name == "bob"
    assert refused(BOTH, payload, key=ALICE) == "signer-not-allowed"


@pytest.mark.guarantee("G4")
def test_the_model_asked_for_is_the_model_signed() -> None:
    assert authorised(ALICE_ONLY, wanted="churn").name == "alice"
    # The name asked for is no pattern.
    for wanted in ("fraud-eu", "chur*", "", "*"):
        assert refused(ALICE_ONLY, wanted=wanted) == "wrong-model"


def test_a_statement_that_names_no_model_needs_a_signer_of_all_models() -> None:
    assert authorised(BOTH, NAMELESS, key=BOB).name == "bob"
    assert refused(BOTH, NAMELESS, key=ALICE) == "signer-not-allowed"


def test_a_statement_that_names_no_model_is_never_the_one_asked_for() -> None:
    assert refused(BOTH, NAMELESS, key=BOB, wanted="churn") == "wrong-model"


WINDOWS = {
    "long before": ("not_before = 2026-07-01T00:00:00Z", "signer-not-current"),
    "a second before": ("not_before = 2026-06-01T12:00:01Z", "signer-not-current"),
    "at the first moment": ("not_before = 2026-06-01T12:00:00Z", ""),
    "at the last moment": ("not_after = 2026-06-01T12:00:00Z", ""),
    "at the last moment elsewhere": ("not_after = 2026-06-01T14:00:00+02:00", ""),
    "a second after": ("not_after = 2026-06-01T11:59:59Z", "signer-not-current"),
}


@pytest.mark.guarantee("G4")
@pytest.mark.parametrize(("line", "code"), WINDOWS.values(), ids=list(WINDOWS))
def test_a_key_is_trusted_from_its_first_moment_to_its_last(line: str, code: str) -> None:
    text = ALICE_ONLY + line + "\n"
    assert [s.name for s in parsed(text).keys_at(NOW)] == ([] if code else ["alice"])
    if code:
        assert refused(text) == code
    else:
        assert authorised(text).name == "alice"


@pytest.mark.guarantee("G4")
def test_a_retired_key_is_good_for_what_it_signed_before_and_nothing_else() -> None:
    text = ALICE_ONLY + f"only = ['{DIGEST}']\n"
    assert authorised(text).name == "alice"
    assert refused(text, payload_of(serial=8)) == "signer-retired"
    assert refused(ALICE_ONLY + "only = []\n") == "signer-retired"


@pytest.mark.guarantee("G4")
def test_an_older_release_than_the_file_accepts_is_stale() -> None:
    for serial, expected in ((7, "alice"), (0, "alice")):
        text = ALICE_ONLY + f"[models.churn]\nmin_serial = {serial}\n"
        assert authorised(text).name == expected
    assert refused(ALICE_ONLY + "[models.churn]\nmin_serial = 8\n") == "stale"
    # Another model's serial is another matter.
    assert authorised(ALICE_ONLY + "[models.fraud-eu]\nmin_serial = 8\n").name == "alice"


@pytest.mark.guarantee("G4")
def test_a_signature_expires_after_its_last_moment() -> None:
    payload = payload_of(not_after=NOW)
    assert authorised(ALICE_ONLY, payload).name == "alice"
    assert refused(ALICE_ONLY, payload, now=NOW + timedelta(seconds=1)) == "expired"
    assert authorised(ALICE_ONLY, payload_of(not_after=None)).name == "alice"


REVOCATIONS = {
    "the key": f"keys = ['{ALICE.public.key_id}']",
    "the statement": f"payloads = ['{DIGEST}']",
    "the file": f"files = ['{FILE.sha256}']",
}


@pytest.mark.guarantee("G4")
@pytest.mark.parametrize("line", REVOCATIONS.values(), ids=list(REVOCATIONS))
def test_what_was_revoked_is_refused_before_anything_else(line: str) -> None:
    text = f"{ALICE_ONLY}not_after = 2020-01-01T00:00:00Z\n[revoked]\n{line}\n"
    assert refused(text, wanted="another") == "revoked"


@pytest.mark.parametrize("kind", ["keys", "payloads", "files"])
def test_revoking_something_else_changes_nothing(kind: str) -> None:
    assert authorised(ALICE_ONLY + f"[revoked]\n{kind} = ['{OTHER}']\n").name == "alice"


def test_a_revoked_key_is_not_current() -> None:
    text = BOTH + f"[revoked]\nkeys = ['{ALICE.public.key_id}']\n"
    assert [signer.name for signer in parsed(text).keys_at(NOW)] == ["bob"]


def test_the_clock_of_the_system_is_used_unless_a_time_is_given() -> None:
    proven = verified(payload_of(not_after=datetime(2000, 1, 1, tzinfo=UTC)))
    with pytest.raises(TrustError) as caught:
        parsed(ALICE_ONLY).authorise(proven, Manifest.from_payload(proven), wanted=None)
    assert caught.value.code == "expired"


def test_a_manifest_of_another_statement_is_a_mistake_of_the_caller() -> None:
    one: VerifiedPayload = verified(PAYLOAD)
    another = Manifest.from_payload(verified(payload_of(serial=9)))
    with pytest.raises(ValueError, match="another payload"):
        parsed(ALICE_ONLY).authorise(one, another, wanted=None, now=NOW)


# Reading the file


def test_a_trust_file_is_read_anew_each_time_and_parsed_once(tmp_path: Path) -> None:
    path = saved(tmp_path)
    first = TrustFile.read(path)
    assert TrustFile.read(path) is first
    saved(tmp_path, BOTH)
    assert len(TrustFile.read(path).signers) == 2
    saved(tmp_path)
    assert TrustFile.read(path) is first
    path.unlink()
    with pytest.raises(UsageError) as caught:
        TrustFile.read(path)
    assert caught.value.code == "trustfile-missing"


def test_a_folder_is_no_trust_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        TrustFile.read(tmp_path)
    assert caught.value.code == "trustfile-unreadable"


@posix
def test_a_pipe_or_device_is_no_trust_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(UsageError) as caught:
            TrustFile.read(path)
        assert caught.value.code == "trustfile-unreadable"


def test_a_trust_file_far_too_large_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        TrustFile.read(saved(tmp_path, "#" * 5_000_000))
    assert caught.value.code == "trustfile-unreadable"


@posix
@pytest.mark.parametrize("mode", [0o600, 0o400, 0o644, 0o444, 0o755])
def test_a_trust_file_that_others_may_read_is_fine(tmp_path: Path, mode: int) -> None:
    assert TrustFile.read(saved(tmp_path, mode=mode)).signers


@pytest.mark.guarantee("G6")
@posix
@pytest.mark.parametrize("mode", [0o620, 0o602, 0o660, 0o666, 0o777])
def test_a_trust_file_that_others_may_write_is_refused(tmp_path: Path, mode: int) -> None:
    path = saved(tmp_path)
    assert TrustFile.read(path).signers
    path.chmod(mode)
    with pytest.raises(UsageError) as caught:
        TrustFile.read(path)
    assert caught.value.code == "trustfile-writable"


@pytest.mark.guarantee("G6")
@as_root
def test_a_trust_file_of_somebody_else_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path)
    os.chown(path, 12345, -1)
    with pytest.raises(UsageError) as caught:
        TrustFile.read(path)
    assert caught.value.code == "trustfile-writable"


DIRECTORIES = {
    "its owner's alone": (0o700, True),
    "everybody's, but sticky": (0o1777, True),
    "everybody's": (0o777, False),
    "everybody's to write and not to list": (0o733, False),
}


@pytest.mark.guarantee("G6")
@posix
@pytest.mark.parametrize(("mode", "fine"), DIRECTORIES.values(), ids=list(DIRECTORIES))
def test_the_directory_decides_who_may_replace_the_file(
    tmp_path: Path, mode: int, fine: bool
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    path = saved(folder)
    folder.chmod(mode)
    if fine:
        assert TrustFile.read(path).signers
        return
    with pytest.raises(UsageError) as caught:
        TrustFile.read(path)
    assert caught.value.code == "trustfile-writable"


@posix
@pytest.mark.parametrize("open_to_all", ["the link's", "the target's"])
def test_both_directories_of_a_linked_file_are_judged(tmp_path: Path, open_to_all: str) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    link = here / "trust.toml"
    link.symlink_to(saved(there))
    assert TrustFile.read(link).signers
    (here if open_to_all == "the link's" else there).chmod(0o777)
    with pytest.raises(UsageError) as caught:
        TrustFile.read(link)
    assert caught.value.code == "trustfile-writable"


def test_the_default_is_in_the_configuration_directory_of_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "platformdirs.user_config_path", lambda name, **_: tmp_path / "config" / name
    )
    assert TrustFile.default_path() == tmp_path / "config" / "safeload" / "trust.toml"
    TrustFile.add(name="alice", key=ALICE.public, models=["churn"])
    assert [signer.name for signer in TrustFile.read().signers] == ["alice"]


# Adding a key

PRINTABLE = st.characters(exclude_categories=["C", "Z"]) | st.just(" ")
LINES = st.text(PRINTABLE, min_size=1, max_size=255)


@given(name=LINES, models=st.lists(PATTERNS, min_size=1, max_size=4))
def test_any_entry_that_is_written_reads_back(name: str, models: list[str]) -> None:
    (signer,) = parsed(entry_text(name, ALICE.public, models)).signers
    assert (signer.name, signer.key, signer.models) == (name, ALICE.public, tuple(models))


BAD_ENTRIES: dict[str, Callable[[], str]] = {
    "no models": lambda: entry_text("alice", ALICE.public, []),
    "an empty model": lambda: entry_text("alice", ALICE.public, [""]),
    "a model with a line break": lambda: entry_text("alice", ALICE.public, ["a\nb"]),
    "a model with a range of characters": lambda: entry_text("alice", ALICE.public, ["[a-z]*"]),
    "a model with a folder": lambda: entry_text("alice", ALICE.public, ["team/churn"]),
    "an empty name": lambda: entry_text("", ALICE.public, ["a"]),
    "a name with a control character": lambda: entry_text("a\x7f", ALICE.public, ["a"]),
    "a name with half a surrogate pair": lambda: entry_text("\ud800", ALICE.public, ["a"]),
    "a name without end": lambda: entry_text("x" * 256, ALICE.public, ["a"]),
}


@pytest.mark.parametrize("write", BAD_ENTRIES.values(), ids=list(BAD_ENTRIES))
def test_an_entry_that_could_not_be_read_is_not_written(write: Callable[[], str]) -> None:
    with pytest.raises(UsageError) as caught:
        write()
    assert caught.value.code == "trustfile-malformed"


def test_the_first_key_begins_a_file(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "trust.toml"
    assert TrustFile.add(path, name="alice", key=ALICE.public, models=["churn"]) == path
    assert [signer.name for signer in TrustFile.read(path).signers] == ["alice"]
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("text", [ALICE_ONLY, ALICE_ONLY.rstrip("\n"), "# mine\r\n" + ALICE_ONLY])
def test_the_next_key_is_appended_and_the_rest_kept(tmp_path: Path, text: str) -> None:
    path = saved(tmp_path, text)
    before = path.read_bytes()
    TrustFile.add(path, name="bob", key=BOB.public, models=["b", "c-?"])
    assert path.read_bytes().startswith(before)
    assert [signer.name for signer in TrustFile.read(path).signers] == ["alice", "bob"]
    assert list(tmp_path.iterdir()) == [path]


@posix
@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_a_file_keeps_its_mode_when_a_key_is_added(tmp_path: Path, mode: int) -> None:
    path = saved(tmp_path, mode=mode)
    TrustFile.add(path, name="bob", key=BOB.public, models=["b"])
    assert stat.S_IMODE(path.stat().st_mode) == mode


@posix
def test_a_link_stays_a_link_when_a_key_is_added(tmp_path: Path) -> None:
    target = saved(tmp_path)
    link = tmp_path / "link.toml"
    link.symlink_to(target)
    TrustFile.add(link, name="bob", key=BOB.public, models=["b"])
    assert link.is_symlink()
    assert len(TrustFile.read(target).signers) == 2


@pytest.mark.parametrize(
    ("name", "key", "code"),
    [("alice", BOB, "trustfile-has-name"), ("carol", ALICE, "trustfile-has-key")],
)
def test_a_name_or_key_is_not_added_twice(
    tmp_path: Path, name: str, key: SigningKey, code: str
) -> None:
    path = saved(tmp_path)
    before = path.read_bytes()
    with pytest.raises(UsageError) as caught:
        TrustFile.add(path, name=name, key=key.public, models=["b"])
    assert caught.value.code == code
    assert path.read_bytes() == before


def test_a_file_to_which_nothing_can_be_appended_stays_as_it_is(tmp_path: Path) -> None:
    inline = (
        f"keys = {{ alice = {{ public = '{ALICE.public.pem.splitlines()[0]}', models = [] }} }}"
    )
    for text in (inline, "keys = {}", "not toml"):
        path = saved(tmp_path, text)
        with pytest.raises(UsageError) as caught:
            TrustFile.add(path, name="bob", key=BOB.public, models=["b"])
        assert caught.value.code in {"trustfile-malformed", "key-malformed"}
        assert path.read_text(encoding="utf-8") == text


def test_a_trust_file_that_others_may_write_is_not_added_to(tmp_path: Path) -> None:
    path = saved(tmp_path, mode=0o666)
    with pytest.raises(UsageError) as caught:
        TrustFile.add(path, name="bob", key=BOB.public, models=["b"])
    assert caught.value.code == "trustfile-writable"


@pytest.mark.parametrize("path", ["/proc/none/trust.toml", "/dev/null/trust.toml"])
def test_a_trust_file_that_cannot_be_written_is_a_usage_error(path: str) -> None:
    with pytest.raises(UsageError) as caught:
        TrustFile.add(path, name="bob", key=BOB.public, models=["b"])
    assert caught.value.code in {"trustfile-unwritable", "trustfile-unreadable"}


def test_the_entry_is_plain_toml() -> None:
    found = tomllib.loads(entry_text("Alice Müller", ALICE.public, ["churn"]))
    assert found == {"keys": {"Alice Müller": {"public": ALICE.public.pem, "models": ["churn"]}}}


def test_a_byte_order_mark_is_named(tmp_path: Path) -> None:
    path = tmp_path / "trust.toml"
    path.write_bytes(b"\xef\xbb\xbf[keys]\n")

    with pytest.raises(UsageError) as caught:
        TrustFile.read(path)

    assert caught.value.code == "trustfile-malformed"
    assert "byte order mark" in caught.value.message
