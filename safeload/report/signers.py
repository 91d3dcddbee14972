"""Who may sign what until when? A trust file, for people and for programs.

Trust: the file is the reader's own; it may name anything, so whoever shows the rows escapes them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from safeload.trust.tables.certificates import TrustedCertificates
from safeload.trust.tables.grants import Grant
from safeload.trust.tables.identities import TrustedIdentity
from safeload.trust.tables.keys import TrustedKey
from safeload.trust.tables.models import ModelRule
from safeload.trust.tables.revoked import REVOKED
from safeload.trust.trustfile import TrustFile

__all__ = [
    "ModelRow",
    "SignerRow",
    "document",
    "further_lines",
    "model_rows",
    "plain_lines",
    "signer_rows",
]

# 2024-01-01, before there was a release of safeload; and the year 3000, in seconds since 1970.
_FIRST_SERIAL, _LAST_SERIAL = 1_704_067_200, 32_503_680_000


class SignerRow(NamedTuple):
    """A signer, in words.

    Attributes:
        name: Who it is.
        by: What it is verified with.
        key_id: Id of its key in full; an empty text if it has none of its own.
        models: The patterns of what it may sign.
        begins: When trust in it begins; an empty text if it always was.
        ends: When trust in it ends; an empty text if it never does.
        state: Whether it is trusted now.
    """

    name: str
    by: str
    key_id: str
    models: str
    begins: str
    ends: str
    state: str


class ModelRow(NamedTuple):
    """What is demanded of a model, in words.

    Attributes:
        name: The model.
        signers: How many have to sign it, and who can at this time.
        demands: Everything else.
        fault: Why nobody can load it, or an empty text.
        warning: Why its least serial may not do what it looks like, or an empty text.
    """

    name: str
    signers: str
    demands: str
    fault: str
    warning: str


def signer_rows(trust: TrustFile, now: datetime) -> list[SignerRow]:
    """Put the signers of a trust file into words.

    Args:
        trust: The trust file.
        now: The moment that states are about, with a time zone.

    Returns:
        A row for each, in the order of the file.
    """
    return [
        SignerRow(
            signer.name,
            _by(signer),
            signer.key.key_id if isinstance(signer, TrustedKey) else "",
            ", ".join(signer.models),
            _time(signer.not_before),
            _time(signer.not_after),
            _state(trust, signer, now),
        )
        for signer in trust.grants
    ]


def model_rows(trust: TrustFile, now: datetime) -> list[ModelRow]:
    """Put what is demanded of models into words.

    Args:
        trust: The trust file.
        now: The moment at which signers can sign, with a time zone.

    Returns:
        A row for each model that the file names, in its order.
    """
    return [_model_row(trust, name, rule, now) for name, rule in trust.models.items()]


def plain_lines(trust: TrustFile, now: datetime) -> Iterator[str]:
    """Put a trust file into lines.

    Args:
        trust: The trust file.
        now: The moment that states are about, with a time zone.

    Yields:
        A line for each signer, model and kind of revocation.
    """
    for row in signer_rows(trust, now):
        times = "".join(
            [
                f", {word} {time}"
                for word, time in (("from", row.begins), ("until", row.ends))
                if time
            ]
        )
        by = f"{row.by} {row.key_id}" if row.key_id else row.by
        yield f"{row.name}: {by}, may sign {row.models}{times}; {row.state}"
    for model in model_rows(trust, now):
        demands = f"; {model.demands}" if model.demands else ""
        yield f"model {model.name}: signed by {model.signers}{demands}"
        yield from (f"  {remark}" for remark in (model.fault, model.warning) if remark)
    yield from further_lines(trust)


def further_lines(trust: TrustFile) -> Iterator[str]:
    """What a trust file says besides signers and models.

    Args:
        trust: The trust file.

    Yields:
        A line for each.
    """
    for what, packs in (
        ("allow-lists that are on", trust.packs.for_all.on),
        ("forbidden allow-lists", trust.packs.for_all.forbidden),
    ):
        if packs:
            yield f"{what}: {', '.join(sorted(packs))}"
    if trust.ledger is not None:
        yield f"ledger: {trust.ledger}"
    for kind in REVOKED:
        if found := getattr(trust.revoked, kind):
            yield f"revoked {kind}: {len(found):,}"


def document(trust: TrustFile, now: datetime, path: str) -> dict[str, Any]:
    """Make JSON of a trust file.

    Args:
        trust: The trust file.
        now: The moment that states are about, with a time zone.
        path: Where it was read.

    Returns:
        JSON of its own schema, 1.
    """
    rules = {
        name: {
            "min_serial": rule.min_serial,
            "warning": _warning(rule.min_serial, now) or None,
            "threshold": rule.threshold,
            "signers": [signer.name for signer in _able(trust, name, now)],
            "policy": None if rule.policy is None else str(rule.policy),
            "probe": "required" if rule.probe else None,
            "drift": rule.drift,
            "packs": sorted(trust.packs.of(name).on),
            "forbidden_packs": sorted(trust.packs.of(name).forbidden),
        }
        for name, rule in trust.models.items()
    }
    return {
        "schema": 1,
        "path": path,
        "at": now.astimezone(UTC).isoformat(),
        "signers": [_signer(trust, signer, now) for signer in trust.grants],
        "models": rules,
        "packs": sorted(trust.packs.for_all.on),
        "forbidden_packs": sorted(trust.packs.for_all.forbidden),
        "ledger": None if trust.ledger is None else str(trust.ledger),
        "revoked": {kind: sorted(getattr(trust.revoked, kind)) for kind in REVOKED},
    }


def _signer(trust: TrustFile, signer: Grant, now: datetime) -> dict[str, Any]:
    with_what: dict[str, str] = {}
    if isinstance(signer, TrustedKey):
        with_what = {"key_type": str(signer.key.key_type), "key_id": signer.key.key_id}
    elif isinstance(signer, TrustedCertificates):
        with_what = {"identity": signer.identity}
    elif isinstance(signer, TrustedIdentity):
        with_what = {"identity": signer.identity, "issuer": signer.issuer}
    return {
        "name": signer.name,
        "kind": _kind(signer),
        **with_what,
        "models": list(signer.models),
        "not_before": None if signer.not_before is None else signer.not_before.isoformat(),
        "not_after": None if signer.not_after is None else signer.not_after.isoformat(),
        "only": None if signer.only is None else sorted(signer.only),
        "state": _state(trust, signer, now),
    }


def _kind(signer: Grant) -> str:
    kinds = {TrustedCertificates: "certificates", TrustedIdentity: "identity"}
    return kinds.get(type(signer), "key")


def _by(signer: Grant) -> str:
    if isinstance(signer, TrustedKey):
        return str(signer.key.key_type)
    if isinstance(signer, TrustedCertificates):
        return f"certificates of {signer.identity}"
    if isinstance(signer, TrustedIdentity):
        return f"{signer.identity}, by {signer.issuer}"
    return ""


def _state(trust: TrustFile, signer: Grant, now: datetime) -> str:
    if isinstance(signer, TrustedKey) and signer.key.key_id in trust.revoked.keys:
        return "revoked"
    if signer.not_before is not None and now < signer.not_before:
        return "not trusted yet"
    if not signer.is_current(now):
        return "no longer trusted"
    if signer.only is not None:
        number = len(signer.only)
        return f"retired but for {number:,} statement{'' if number == 1 else 's'}"
    return "trusted"


def _able(trust: TrustFile, model: str, now: datetime) -> list[Grant]:
    """Who can sign a model at a moment, or could until they were retired."""
    return [
        signer
        for signer in trust.grants
        if signer.may_sign(model)
        and signer.is_current(now)
        and not (isinstance(signer, TrustedKey) and signer.key.key_id in trust.revoked.keys)
    ]


def _model_row(trust: TrustFile, name: str, rule: ModelRule, now: datetime) -> ModelRow:
    able = [signer.name for signer in _able(trust, name, now)]
    listed = ", ".join(able) or "nobody"
    demands = [f"serial {rule.min_serial} or later"] if rule.min_serial else []
    demands += [f"policy {rule.policy}"] if rule.policy is not None else []
    demands += ["probe required"] if rule.probe else []
    demands += [f"drift: {rule.drift}"] if rule.drift is not None else []
    packs = trust.packs.by_model[name]
    demands += [f"allow-lists {', '.join(sorted(packs.on))}"] if packs.on else []
    demands += [f"without {', '.join(sorted(packs.forbidden))}"] if packs.forbidden else []
    fault = ""
    if not any(signer.may_sign(name) for signer in trust.grants):
        fault = f"nobody may sign {name}: is it the name that the model was signed with?"
    elif len(able) < rule.threshold:
        fault = f"at this time, {len(able)} of the {rule.threshold} who have to sign {name} can"
    warning = _warning(rule.min_serial, now)
    return ModelRow(name, f"{rule.threshold} of {listed}", "; ".join(demands), fault, warning)


def _warning(floor: int, now: datetime) -> str:
    """What to say of a least serial that no serial by the time ever misses, or meets yet.

    Unless a signer gives one, the serial of a release is the time at which it was signed, in
    seconds since 1970.
    """
    if not floor:
        return ""
    if floor < _FIRST_SERIAL:
        return (
            f"warning: min_serial {floor} refuses no release whose serial is the default, the "
            f"time of signing in seconds (now {int(now.timestamp())}); it is for serials that "
            "were given with --serial"
        )
    if floor > now.timestamp():
        when = f"before {_day(floor)}" if floor < _LAST_SERIAL else "in the next thousand years"
        return (
            f"warning: min_serial {floor} is met by no release that is signed {when} with the "
            "default serial, the time in seconds"
        )
    return ""


def _day(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")


def _time(moment: datetime | None) -> str:
    if moment is None:
        return ""
    shown = moment.astimezone(UTC)
    at_midnight = (shown.hour, shown.minute, shown.second) == (0, 0, 0)
    return shown.strftime("%Y-%m-%d" if at_midnight else "%Y-%m-%d %H:%M:%SZ")
