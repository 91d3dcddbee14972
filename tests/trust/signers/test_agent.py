"""A key of an ssh-agent signs; whatever answers in the agent's place gets no signature accepted."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import safeload
from safeload.cli.main import main
from safeload.errors import SafeloadError, TrustError, UsageError
from safeload.trust.envelope import UnverifiedBundle, pre_authentication_encoding, verify
from safeload.trust.keys import KeyType, SigningKey, VerifyingKey
from safeload.trust.signers import agent as under_test
from safeload.trust.signers import names_no_file, public_key_of, signer_of
from tests.trust.signers.agents import Agent, Answer, HostileAgent, blob_of, running_agent
from tests.trust.signers.replies import (
    KEYS,
    NAMES,
    identities,
    message,
    signature,
    signed,
    ssh_blob,
    string,
)

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="its sockets are a POSIX matter"),
    pytest.mark.xdist_group("ssh-agent"),
]

ROOT = Path(__file__).parents[3]
KINDS = {
    KeyType.ED25519: ("ed25519", ""),
    KeyType.P256: ("ecdsa", "256"),
    KeyType.P384: ("ecdsa", "384"),
    KeyType.P521: ("ecdsa", "521"),
}
every_type = pytest.mark.parametrize("key_type", KINDS)


@pytest.fixture(scope="module")
def shared() -> Iterator[Agent]:
    """An agent with one key of each type, and some that will not do; tests only ask it."""
    # The path of a socket has 107 bytes at most.
    folder = Path(tempfile.mkdtemp(prefix="safeload-agent-"))
    with running_agent(folder) as agent:
        for kind, bits in KINDS.values():
            agent.add(kind, comment=f"{kind}{bits}@here", bits=bits)
        agent.add("rsa", comment="rsa@here", bits="1024")
        agent.add("ed25519", comment="twice")
        agent.add("ecdsa", comment="twice", bits="256")
        yield agent
    shutil.rmtree(folder)


@pytest.fixture
def known(shared: Agent, monkeypatch: pytest.MonkeyPatch) -> Agent:
    monkeypatch.setenv("SSH_AUTH_SOCK", str(shared.socket))
    return shared


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> Iterator[Agent]:
    """An agent of the test's own, which holds nothing yet."""
    folder = Path(tempfile.mkdtemp(prefix="safeload-agent-"))
    with running_agent(folder) as agent:
        monkeypatch.setenv("SSH_AUTH_SOCK", str(agent.socket))
        yield agent
    shutil.rmtree(folder)


def public_file(agent: Agent, key_type: KeyType) -> Path:
    kind, bits = KINDS[key_type]
    return agent.folder / f"{kind}{bits}-{kind}{bits}@here.pub"


def fingerprint(public: Path) -> str:
    shown = subprocess.run(
        ["ssh-keygen", "-lf", str(public)], capture_output=True, text=True, check=True
    )
    return shown.stdout.split()[1]


def refusal(key: str) -> str:
    """The code of the error about a key that cannot be had."""
    with pytest.raises(UsageError) as caught:
        signer_of(key)
    assert caught.value.hint
    return caught.value.code


# -- OpenSSH's agent -------------------------------------------------------------------------------


@every_type
def test_a_key_is_found_by_comment_fingerprint_and_file(known: Agent, key_type: KeyType) -> None:
    file = public_file(known, key_type)
    kind, bits = KINDS[key_type]
    expected = VerifyingKey.from_text(file.read_text())
    for selector in (f"{kind}{bits}@here", fingerprint(file), str(file)):
        assert public_key_of(f"agent:{selector}") == expected
    assert expected.key_type is key_type


@every_type
def test_what_an_agent_signs_its_public_key_verifies(known: Agent, key_type: KeyType) -> None:
    signer = signer_of(f"agent:{public_file(known, key_type)}")
    # Numbers of ECDSA have a zero in front, or are short, in one of a few signatures.
    for number in range(20):
        signer.public.verify(signer.sign(b"data %d" % number), b"data %d" % number)


def test_a_public_key_file_in_pem_will_do(known: Agent, tmp_path: Path) -> None:
    key = public_key_of(f"agent:{public_file(known, KeyType.P384)}")
    (tmp_path / "pem.pub").write_text(key.pem)
    assert public_key_of(f"agent:{tmp_path / 'pem.pub'}") == key


REFUSALS = {
    "a comment that no key has": ("agent:nobody", "agent-key-missing"),
    "part of a comment": ("agent:ed25519", "agent-key-missing"),
    "a comment that two keys have": ("agent:twice", "agent-key-ambiguous"),
    "nothing where several keys are held": ("agent:", "agent-key-ambiguous"),
    "a key of a type that is not supported": ("agent:rsa@here", "key-unsupported"),
    "a fingerprint that no key has": (f"agent:SHA256:{'A' * 43}", "agent-key-missing"),
    "a fingerprint cut short": ("agent:SHA256:AAAA", "argument-value"),
    "a fingerprint by MD5": ("agent:MD5:00:11", "agent-key-missing"),
    "a file that is not there": ("agent:nowhere.pub", "key-unreadable"),
    "a folder": ("agent:/.pub", "key-unreadable"),
    "a comment with a line break": ("agent:a\nb", "agent-key-missing"),
    "a comment with a lone surrogate": ("agent:\udc80", "agent-key-missing"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_names_no_key_says_why(known: Agent, case: str) -> None:
    key, code = REFUSALS[case]
    assert refusal(key) == code


def test_the_file_of_a_key_that_the_agent_does_not_hold(known: Agent, tmp_path: Path) -> None:
    (tmp_path / "other.pub").write_text(SigningKey.generate().public.pem)
    assert refusal(f"agent:{tmp_path / 'other.pub'}") == "agent-key-missing"


def test_the_only_key_needs_no_name(own: Agent) -> None:
    assert refusal("agent:") == "agent-key-missing"
    file = own.add("ed25519", comment="mine")
    own.add("rsa", comment="another", bits="1024")
    assert public_key_of("agent:") == VerifyingKey.from_text(file.read_text())


def test_a_locked_agent_shows_no_key_and_signs_nothing(own: Agent) -> None:
    own.add("ed25519", comment="mine")
    signer = signer_of("agent:mine")
    own.run("-x")
    assert refusal("agent:mine") == "agent-key-missing"
    with pytest.raises(UsageError) as caught:
        signer.sign(b"data")
    assert caught.value.code == "agent-refused"
    own.run("-X")
    assert signer.sign(b"data")


def test_a_key_that_wants_a_person_signs_if_that_person_agrees(own: Agent) -> None:
    own.add("ecdsa", "-c", comment="mine", bits="256")
    signer = signer_of("agent:mine")
    assert signer.sign(b"data")
    own.person_says(agrees=False)
    with pytest.raises(UsageError) as caught:
        signer.sign(b"data")
    assert caught.value.code == "agent-refused"


def test_a_key_that_is_bound_to_hosts_signs_no_model(own: Agent) -> None:
    host = own.add("ed25519", comment="host")
    hosts = own.folder / "known_hosts"
    hosts.write_text(f"host.example {host.read_text()}")
    own.add("ecdsa", "-H", str(hosts), "-h", "host.example", comment="mine", bits="256")
    with pytest.raises(UsageError) as caught:
        signer_of("agent:mine").sign(b"data")
    assert caught.value.code == "agent-refused"


def test_a_key_that_was_taken_away_meanwhile_signs_nothing(own: Agent) -> None:
    own.add("ed25519", comment="mine")
    signer = signer_of("agent:mine")
    own.run("-D")
    with pytest.raises(UsageError) as caught:
        signer.sign(b"data")
    assert caught.value.code == "agent-refused"


def test_more_than_an_agent_takes_is_not_sent(known: Agent) -> None:
    signer = signer_of("agent:ed25519@here")
    # The longest message that the agent still reads, and one byte more.
    longest = 256 * 1024 - 13 - len(blob_of(public_file(known, KeyType.ED25519)))
    assert signer.sign(bytes(longest))
    with pytest.raises(UsageError) as caught:
        signer.sign(bytes(longest + 1))
    assert caught.value.code == "agent-too-long"


@pytest.mark.parametrize("where", [None, "", "nowhere", "plain", "x" * 200])
def test_without_an_agent_there_is_no_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str | None
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plain").write_bytes(b"")
    if where is None:
        monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    else:
        monkeypatch.setenv("SSH_AUTH_SOCK", where)
    assert refusal("agent:mine") == ("agent-unreachable" if where else "agent-missing")


def test_no_key_shows_where_it_is(known: Agent) -> None:
    assert str(known.socket) not in repr(signer_of("agent:ed25519@here"))


# -- what others make of it ------------------------------------------------------------------------


@pytest.mark.parametrize("key_type", [KeyType.ED25519, KeyType.P384])
def test_what_an_agent_signed_is_verified_by_all(
    known: Agent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key_type: KeyType
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("none.pkl").write_bytes(b"\x80\x04N.")
    key = f"agent:{fingerprint(public_file(known, key_type))}"
    assert main(["sign", "none.pkl", "--key", key, "--name", "none", "--version", "1"]) == 0
    public = public_key_of(key)
    safeload.TrustFile.add("trust.toml", name="alice", key=public, models=["none"])
    assert safeload.load("none.pkl", trust="trust.toml") is None
    envelope = json.loads(Path("none.pkl.sig").read_bytes())["dsseEnvelope"]
    payload, signed = (
        base64.b64decode(text) for text in (envelope["payload"], envelope["signatures"][0]["sig"])
    )
    Path("data").write_bytes(pre_authentication_encoding(payload))
    Path("signature").write_bytes(signed)
    Path("public.pem").write_text(public.pem)
    if key_type is KeyType.ED25519:
        command = "openssl pkeyutl -verify -pubin -inkey public.pem -rawin -in data"
        command += " -sigfile signature"
    else:
        command = f"{sys.executable} -m model_signing verify key none.pkl"
        command += " --signature none.pkl.sig --public_key public.pem"
    subprocess.run(command.split(), check=True, capture_output=True)


# -- what answers in an agent's place --------------------------------------------------------------

ALICE, P256 = ssh_blob(KEYS[KeyType.ED25519]), ssh_blob(KEYS[KeyType.P256])


def says(reply: bytes) -> Answer:
    def answer(connection: socket.socket, _: bytes) -> None:
        connection.sendall(reply)

    return answer


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where an agent is looked for."""
    folder = Path(tempfile.mkdtemp(prefix="safeload-agent-"))
    monkeypatch.setenv("SSH_AUTH_SOCK", str(folder / "agent"))
    yield folder / "agent"
    shutil.rmtree(folder)


MALFORMED_LISTS = {
    "nothing": b"",
    "half a length": b"\0\0",
    "a message of no length": bytes(4),
    "a message of four gigabytes": b"\xff" * 4 + b"x",
    "a message that is one byte too long": (256 * 1024 + 1).to_bytes(4, "big"),
    "a message that ends early": b"\0\0\1\0\x0c",
    "another type": message(14),
    "a type and no more": message(12),
    "more keys than there are": identities((ALICE, b"mine"), count=2),
    "four thousand million keys": identities(count=2**32 - 1),
    "fewer keys than there are": identities((ALICE, b"mine"), count=0),
    "a key whose length is beyond the end": message(12, b"\0\0\0\1\xff\xff\xff\xff"),
    "something behind the keys": message(12, b"\0\0\0\0more"),
    "a key cut short": identities((ALICE[:-1], b"mine")),
    "a key with something behind it": identities((ALICE + b"\0", b"mine")),
    "a key of one type in a frame of another": identities(
        (string(b"ssh-ed25519") + P256[P256.index(b"nistp256") - 11 :], b"mine")
    ),
    "a point that is compressed": identities(
        (string(NAMES[KeyType.P256]) + string(b"nistp256") + string(b"\2" + bytes(32)), b"mine")
    ),
    "a point that is not on the curve": identities((P256[:-1] + bytes([P256[-1] ^ 1]), b"mine")),
}


@pytest.mark.parametrize("case", MALFORMED_LISTS)
def test_a_list_of_keys_out_of_form_is_refused(place: Path, case: str) -> None:
    with HostileAgent(place, says(MALFORMED_LISTS[case])):
        assert refusal("agent:mine") == "agent-malformed"


UNSUITABLE_KEYS = {
    "an empty key": b"",
    "a key of no type": string(b""),
    "a type whose length is beyond the end": b"\0\0\0\xff",
    "a certificate": string(b"ssh-ed25519-cert-v01@openssh.com") + string(b"rest"),
    "the key of a FIDO device": string(b"sk-ssh-ed25519@openssh.com") + string(b"rest"),
}


@pytest.mark.parametrize("case", UNSUITABLE_KEYS)
def test_a_key_that_will_not_do_is_named_so(place: Path, case: str) -> None:
    with HostileAgent(place, says(identities((UNSUITABLE_KEYS[case], b"mine")))):
        assert refusal("agent:mine") == "key-unsupported"


def test_a_key_that_is_listed_twice_is_one_key(place: Path) -> None:
    with HostileAgent(place, says(identities((ALICE, b"mine"), (ALICE, b"mine")))):
        assert public_key_of("agent:mine") == KEYS[KeyType.ED25519].public


def test_nothing_that_an_agent_says_gets_into_an_error(place: Path) -> None:
    keys = [(ALICE, b"\x1b[31mmine"), (P256, b"\x1b[31mmine")]
    with HostileAgent(place, says(identities(*keys))), pytest.raises(UsageError) as caught:
        signer_of("agent:\x1b[31mmine")
    assert "\x1b" not in f"{caught.value.message} {caught.value.hint}"


def legitimate(data: bytes, key_type: KeyType = KeyType.ED25519) -> bytes:
    return KEYS[key_type].sign(data)


R_AND_S = string(b"\x01" * 32)
WRONG_SIGNATURES = {
    "nothing": (b"", "agent-malformed"),
    "no signature in it": (message(14), "agent-malformed"),
    "another type": (message(12), "agent-malformed"),
    "a refusal with something behind it": (message(5, b"x"), "agent-malformed"),
    "a refusal": (message(5), "agent-refused"),
    "something behind the signature": (
        signature(b"ssh-ed25519", legitimate(b"data"), more=b"x"),
        "agent-malformed",
    ),
    "another algorithm": (signature(b"ecdsa-sha2-nistp256", R_AND_S * 2), "agent-malformed"),
    "an algorithm that nobody knows": (signature(b"none", b""), "agent-malformed"),
    "a signature of other data": (signature(b"ssh-ed25519", legitimate(b"datA")), "signer-wrong"),
    "a signature of another key": (
        signature(b"ssh-ed25519", SigningKey.generate().sign(b"data")),
        "signer-wrong",
    ),
    "a signature of no bytes": (signature(b"ssh-ed25519", b""), "signer-wrong"),
    "a signature of very many bytes": (signature(b"ssh-ed25519", bytes(200_000)), "signer-wrong"),
}
WRONG_NUMBERS = {
    "numbers at random": (R_AND_S * 2, "signer-wrong"),
    "one number": (R_AND_S, "agent-malformed"),
    "three numbers": (R_AND_S * 3, "agent-malformed"),
    "a number below zero": (R_AND_S + string(b"\xff" * 32), "agent-malformed"),
    "zero": (R_AND_S + string(b""), "agent-malformed"),
    "zero in one byte": (R_AND_S + string(b"\0"), "agent-malformed"),
    "a number of a thousand bytes": (R_AND_S + string(b"\1" * 1000), "agent-malformed"),
}
CASES = {
    **{name: (ALICE, reply, code) for name, (reply, code) in WRONG_SIGNATURES.items()},
    **{
        name: (P256, signature(b"ecdsa-sha2-nistp256", inner), code)
        for name, (inner, code) in WRONG_NUMBERS.items()
    },
}


@pytest.mark.parametrize("case", CASES)
def test_a_signature_that_is_none_is_refused(place: Path, case: str) -> None:
    blob, reply, code = CASES[case]

    def answer(connection: socket.socket, request: bytes) -> None:
        connection.sendall(identities((blob, b"mine")) if request == b"\x0b" else reply)

    with HostileAgent(place, answer) as hostile:
        signer = signer_of("agent:mine")
        with pytest.raises(SafeloadError) as caught:
            signer.sign(b"data")
    assert caught.value.code == code
    assert isinstance(caught.value, TrustError) == (code == "signer-wrong")
    # It was asked for a signature of exactly these bytes, without flags.
    assert hostile.asked[1] == b"\x0d" + string(blob) + string(b"data") + bytes(4)


@every_type
def test_what_an_legitimate_agent_replies_is_a_signature(place: Path, key_type: KeyType) -> None:
    def answer(connection: socket.socket, request: bytes) -> None:
        listed = identities((ssh_blob(KEYS[key_type]), b"mine"))
        reply = listed if request == b"\x0b" else signed(KEYS[key_type], NAMES[key_type], b"data")
        connection.sendall(reply)

    with HostileAgent(place, answer):
        assert signer_of("agent:mine").sign(b"data")


def test_a_silent_agent_is_given_up(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(under_test, "_PATIENCE", 0.05)
    hang = lambda connection, _: connection.recv(1)  # noqa: E731
    with HostileAgent(place, hang):
        assert refusal("agent:mine") == "agent-silent"


def test_an_agent_that_goes_on_and_on_is_given_up(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A byte now and then keeps a timeout for each byte from ever coming.
    monkeypatch.setattr(under_test, "_PATIENCE", 0.3)

    def drip(connection: socket.socket, _: bytes) -> None:
        connection.sendall((200_000).to_bytes(4, "big"))
        connection.settimeout(0.02)
        while True:
            connection.sendall(b"x")
            try:
                if not connection.recv(1):
                    return
            except TimeoutError:
                pass

    with HostileAgent(place, drip):
        assert refusal("agent:mine") == "agent-silent"


@settings(max_examples=100, suppress_health_check=list(HealthCheck))
@given(content=st.binary(max_size=300), framed=st.booleans())
def test_any_answer_gives_a_key_or_an_error(content: bytes, framed: bool, place: Path) -> None:
    place.unlink(missing_ok=True)
    reply = says(message(12, content) if framed else content)
    with HostileAgent(place, reply), pytest.raises(UsageError) as caught:
        signer_of("agent:")
    assert caught.value.code in {"agent-malformed", "agent-key-missing", "agent-refused"}


# -- files and texts -------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["agent", "hsm", "awskms", "gcpkms", "azurekms", "hv"])
def test_a_scheme_comes_before_a_file_of_that_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    name = f"{scheme}:#key"
    key = SigningKey.generate()
    key.write(name, passphrase=None)
    assert refusal(name) == ("agent-missing" if scheme == "agent" else "key-uri")
    assert signer_of(f"./{name}").public == key.public
    assert signer_of(Path(name)).public == key.public
    assert not names_no_file(Path(name))


@pytest.mark.parametrize("text", ["", "agent", ":", "AGENT:x", "file:x", "C:\\x", "hsm", "hsm2:x"])
def test_other_texts_name_files(text: str) -> None:
    assert not names_no_file(text)
    with pytest.raises(UsageError) as caught:
        public_key_of(text)
    assert caught.value.code in {"no-path", "key-unreadable"}


def test_what_the_documentation_shows_works(
    own: Agent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own.add("ed25519", comment="ann@laptop")
    (tmp_path / "model.joblib").write_bytes(b"\x80\x04N.")
    text = (ROOT / "docs" / "keys.md").read_text("utf-8")
    block = next(re.finditer(r"^```console\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))[1]
    commands = "\n".join(line.removeprefix("$ ") for line in block.splitlines())
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    subprocess.run(
        ["bash", "-euc", commands],
        cwd=tmp_path,
        env={**own.environment, "PATH": path},
        check=True,
        capture_output=True,
    )
    bundle = UnverifiedBundle.read((tmp_path / "model.joblib.sig").read_bytes())
    verify(bundle, [VerifyingKey.from_text((tmp_path / "ann.pub").read_text())])


def test_the_public_half_is_printed(
    known: Agent, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    KEYS[KeyType.P256].write(tmp_path / "team.key", passphrase=None)
    for name in (f"agent:{public_file(known, KeyType.P521)}", str(tmp_path / "team.key")):
        key = public_key_of(name)
        assert main(["public", name]) == 0
        printed = capsys.readouterr()
        assert VerifyingKey.from_text(printed.out) == key
        assert key.key_id in printed.err


def test_a_key_that_cannot_be_had_is_a_matter_of_usage(
    known: Agent, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in ("public agent:nobody", "sign x --key agent:nobody --name x --version 1"):
        assert main(command.split()) == 2
        assert ": agent-key-missing: " in capsys.readouterr().err


class Forger(safeload.Signer):
    """Says it is alice and signs with a key of its own."""

    public = KEYS[KeyType.ED25519].public

    def unverified_signature(self, data: bytes) -> bytes:
        return SigningKey.generate().sign(data)


def test_a_signer_of_the_callers_own_is_checked_as_well(tmp_path: Path) -> None:
    model = tmp_path / "none.pkl"
    model.write_bytes(b"\x80\x04N.")
    with pytest.raises(TrustError) as caught:
        safeload.sign(model, key=Forger(), name="none", version="1")
    assert caught.value.code == "signer-wrong"
    assert [path.name for path in tmp_path.iterdir()] == ["none.pkl"]
