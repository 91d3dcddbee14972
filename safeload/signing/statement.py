"""What is said of a model, by whom: facts and an accepted model become a statement and its bundle.

Trust: the facts are the signer's own. The model is loaded under the guard.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Required, TypedDict

from safeload.arguments import as_text
from safeload.artefact import Artefact, Progress
from safeload.errors import UsageError
from safeload.forks import IMPORTING
from safeload.hashing import SHARD, SHARDED_FROM
from safeload.limits import Limits
from safeload.lineage.training import file_name, training_of
from safeload.loading.admit import Accepted, admit, deserialise
from safeload.loading.environment import library_versions
from safeload.parameters import check_arguments
from safeload.policy.opt_in import packs_of
from safeload.policy.policy import Policy
from safeload.signing.replacing import require_replaceable_bundle, signing_maker
from safeload.trust.envelope import signed_bundle
from safeload.trust.identities.keyless_signer import KeylessSigner
from safeload.trust.keys import Passphrase, Signer
from safeload.trust.manifest import Resource, to_payload
from safeload.trust.model import Model, SignedGlobal
from safeload.trust.names import require_name
from safeload.trust.resources import THE_FILE
from safeload.trust.signers import signer_of
from safeload.trust.training import Dataset, Revision

__all__ = [
    "Bundler",
    "Facts",
    "bundler",
    "bundler_of",
    "check_facts",
    "model_of",
    "resource_of",
    "shard_size_for",
    "statement_about",
]

_Path = str | os.PathLike[str]
_DATA = frozenset(["probe", "probe_from"])


class Facts(TypedDict, total=False):
    """What a signer gives beside the model; :func:`safeload.sign` describes each."""

    key: Required[_Path | Signer | KeylessSigner]
    name: Required[str]
    version: Required[str]
    dataset: _Path | Dataset | None
    rows: int | None
    metrics: Mapping[str, float] | None
    revision: str | Revision | None
    extra: Mapping[str, Any] | None
    probe: Any
    probe_from: Any
    serial: int | None
    trained: datetime | None
    not_after: datetime | None
    passphrase: Passphrase | None
    certificate_chain: _Path | None
    policy: _Path | Policy | None
    packs: Iterable[str]
    limits: Limits | None
    progress: Progress | None
    whole: bool
    replace: bool


def check_facts(facts: Facts, **given: object) -> None:
    """Require that arguments are what their parameters take, before anything is read.

    Args:
        facts: The facts; the rows of a probe, and what they are drawn from, are judged by whoever
            predicts from them and draws them.
        **given: Other arguments, by the names of their parameters.

    Raises:
        UsageError: One of them is not.
    """
    others = {fact: value for fact, value in facts.items() if fact not in _DATA}
    check_arguments(**given, **others)
    if facts.get("probe") is not None and facts.get("probe_from") is not None:
        raise UsageError(
            "Rows for the probe are given, and data to draw them from.",
            code="probe-twice",
            hint="Give probe= (--probe) or probe_from= (--probe-from).",
        )
    require_name(facts["name"], code="manifest-unsuitable")
    as_text(facts["version"], "version")


@dataclass(frozen=True, slots=True)
class Bundler:
    """Somebody who is ready to sign.

    Attributes:
        bundle_of: Makes the bundle of a statement.
        maker: Who that is, as :func:`safeload.signing.replacing.maker_of` says it; None where the
            bundle alone will tell.
    """

    bundle_of: Callable[[bytes], bytes]
    maker: str | None
    _replace: bool
    _limits: Limits | None

    def require_place(
        self, where: Path, made: bytes | None = None, *, labelled: bool = False
    ) -> None:
        """Require that the bundle may be written there: that it takes nobody else's place.

        Args:
            where: Where it is to be written.
            made: The bundle, once it is made.
            labelled: Whether it is one of several bundles beside a model.

        Raises:
            UsageError: Another signer's bundle lies there, or something else (``bundle-taken``),
                and is not to be replaced.
        """
        if not self._replace:
            require_replaceable_bundle(
                where, self.maker, made=made, limits=self._limits, labelled=labelled
            )


def bundler(facts: Facts) -> Bundler:
    """Find who signs, before a model is read.

    Args:
        facts: The facts.

    Returns:
        Who signs.

    Raises:
        UsageError: The key or its certificates cannot be used, or the signature would have expired.
    """
    signer = bundler_of(
        facts["key"],
        facts.get("passphrase"),
        facts.get("certificate_chain"),
        replace=facts.get("replace", False),
        limits=facts.get("limits"),
    )
    not_after = facts.get("not_after")
    if not_after is not None and not_after <= datetime.now(UTC):
        raise UsageError(
            "The signature would have expired before it is made.",
            code="not-after-past",
            hint="Give --not-after (not_after=) a time that is still to come, or leave it out.",
        )
    return signer


def bundler_of(
    key: _Path | Signer | KeylessSigner,
    passphrase: Passphrase | None,
    chain: _Path | None,
    *,
    replace: bool,
    limits: Limits | None,
) -> Bundler:
    """Find who signs; the key and its certificates are read by then.

    Args:
        key: Who signs.
        passphrase: Of the key file.
        chain: The file of the key's certificates, or None.
        replace: Whether another signer's bundle may be replaced.
        limits: Bounds; ``bundle_bytes`` applies to a bundle that is there.

    Raises:
        UsageError: One of them cannot be used, or they do not go together.
    """
    if isinstance(key, KeylessSigner):
        if chain is not None:
            raise UsageError(
                "Whoever signs with a token gets a certificate for it, and brings no other.",
                code="chain-with-token",
                hint="Leave the certificate chain out, or sign with its key.",
            )
        return Bundler(key.signed_bundle, signing_maker(key), replace, limits)
    signer = signer_of(key, passphrase=passphrase)
    certificates: tuple[bytes, ...] = ()
    if chain is not None:
        # Most signers have none, and importing this takes as long as loading a small model.
        with IMPORTING:
            from safeload.trust.identities.chain import read_chain

        certificates = read_chain(chain, signer.public)
    bundle_of = partial(signed_bundle, key=signer, certificates=certificates)
    return Bundler(bundle_of, signing_maker(signer), replace, limits)


def statement_about(artefact: Artefact, facts: Facts) -> bytes:
    """Write the statement about a single model file.

    Args:
        artefact: The file.
        facts: What is said about it.

    Returns:
        The statement, to be signed.

    Raises:
        SafeloadError: As :func:`safeload.sign`.
    """
    shard_size = shard_size_for(artefact.size, facts)
    files = {THE_FILE: (artefact.size, artefact.sha256)} if shard_size else None
    return to_payload(
        subject=file_name(artefact.path),
        # The only file of a statement is called "." by model_signing, so that its name may change.
        resources=[resource_of(THE_FILE, artefact, shard_size)],
        model=model_of(artefact, facts, files=files),
        shard_size=shard_size,
    )


def shard_size_for(size: int, facts: Facts) -> int | None:
    """How files are hashed: the size of shards in bytes, or None for each as a whole.

    Args:
        size: Of the largest file, bytes.
        facts: Say whether the signer wants all files hashed whole.
    """
    return SHARD if size >= SHARDED_FROM and not facts.get("whole") else None


def resource_of(name: str, artefact: Artefact, shard_size: int | None) -> Resource:
    """The resource that a file is.

    Args:
        name: What to call it.
        artefact: The file.
        shard_size: Bytes in each of its shards, or None if it is hashed whole.
    """
    if shard_size is None:
        return Resource(name, artefact.sha256)
    shards = artefact.digests.shards(shard_size)
    return Resource(name, artefact.sha256, artefact.size, shards)


def model_of(
    artefact: Artefact,
    facts: Facts,
    *,
    file: str | None = None,
    files: Mapping[str, tuple[int, str]] | None = None,
) -> Model:
    """Scan and load a model, and say what it is.

    Args:
        artefact: The model.
        facts: What is said about it.
        file: Its name in a folder.
        files: Sizes and digests of all files, where they are hashed in shards.

    Returns:
        What the manifest says about it.

    Raises:
        SafeloadError: As :func:`safeload.sign`.
    """
    policy = Policy.of(facts.get("policy"), packs=facts.get("packs", ()))
    accepted = admit(artefact, policy, facts.get("limits") or Limits())
    loaded = deserialise(accepted, policy)
    used = _globals(accepted)
    needed = packs_of((item.module, item.name) for item in used)
    now = datetime.now(UTC).replace(microsecond=0)
    serial = facts.get("serial")
    return Model(
        name=facts["name"],
        version=facts["version"],
        serial=int(now.timestamp()) if serial is None else serial,
        serializer=accepted.format,
        size=artefact.size,
        versions=library_versions(accepted.needed),
        training=training_of(
            loaded,
            dataset=facts.get("dataset"),
            rows=facts.get("rows"),
            metrics=facts.get("metrics"),
            date=facts.get("trained"),
            revision=facts.get("revision"),
            extra=facts.get("extra"),
        ),
        globals=used,
        packs=tuple(sorted(needed & policy.packs)),
        file=file,
        files=files,
        probe=_probe(loaded, facts.get("probe"), facts.get("probe_from")),
        signed=now,
        not_after=facts.get("not_after"),
    )


def _globals(accepted: Accepted) -> tuple[SignedGlobal, ...]:
    uses: dict[tuple[str, str], set[str]] = {}
    for program in accepted.programs:
        for item in program.globals:
            uses.setdefault((item.module, item.name), set()).update(item.uses)
    return tuple(
        SignedGlobal(module, name, tuple(sorted(map(str, of_name))))
        for (module, name), of_name in sorted(uses.items())
    )


def _probe(loaded: Any, rows: Any, data: Any) -> dict[str, Any] | None:
    if rows is None and data is None:
        return None
    with IMPORTING:
        from safeload.lineage.synthetic import synthetic_rows
        from safeload.loading.probe import record_probe

    if data is None:
        return record_probe(loaded, rows)
    return record_probe(loaded, synthetic_rows(loaded, data), drawn=True)
