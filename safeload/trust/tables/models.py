"""``[models.*]``: what is demanded of one model, whoever signs it.

Trust: the trust file is the caller's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from safeload.trust.names import why_no_name
from safeload.trust.tables.faults import Unfit
from safeload.trust.tables.grants import shown
from safeload.trust.tables.packs import PACKS
from safeload.trust.tables.values import choice, count, known, path

__all__ = ["DRIFT", "ModelRule", "model_rule"]

_MODEL = frozenset({"min_serial", "threshold", "policy", "probe", "drift"}) | PACKS
_WILD = frozenset("*?")
DRIFT = ("refuse", "warn")
_PROBE = ("required",)
# Signers that one file can name, and bundles that a reader looks at.
_MOST_SIGNERS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRule:
    """What is demanded of a model.

    Attributes:
        min_serial: The least serial accepted.
        threshold: How many signers have to vouch for it, each with another key.
        policy: The policy file to load it with, unless the caller gives one; None for the packs.
        probe: Whether it has to predict what was recorded at signing.
        drift: ``"refuse"`` or ``"warn"``: what another minor release of Python or of a library
            that the model uses leads to. None if the policy decides.
    """

    min_serial: int = 0
    threshold: int = 1
    policy: Path | None = None
    probe: bool = False
    drift: str | None = None


def model_rule(name: str, value: object, folder: Path | None) -> ModelRule:
    """Parse the table of a model; what it says of packs is read elsewhere.

    Args:
        name: The model's name as signed.
        value: The table.
        folder: Where relative paths begin; None where nobody can say.
    """
    where, place = shown("models", name), ("models", name)
    if _WILD & set(name):
        raise Unfit(f"{where} is a pattern, and needs to be one exact name", *place)
    if wrong := why_no_name(name):
        raise Unfit(f"the name of {where} {wrong}, so that no model has it", *place)
    found = known(value, where, _MODEL, *place)
    threshold = count(
        found.get("threshold", 1), f"the threshold of {where}", (*place, "threshold"), least=1
    )
    if threshold > _MOST_SIGNERS:
        why = f"the threshold of {where} is more than {_MOST_SIGNERS} signers"
        raise Unfit(why, *place, "threshold")
    if "probe" in found:
        choice(found["probe"], f"the probe of {where}", (*place, "probe"), _PROBE)
    return ModelRule(
        min_serial=count(
            found.get("min_serial", 0),
            f"the min_serial of {where}",
            (*place, "min_serial"),
            least=0,
        ),
        threshold=threshold,
        policy=_policy(found, where, (*place, "policy"), folder),
        probe="probe" in found,
        drift=choice(found["drift"], f"the drift of {where}", (*place, "drift"), DRIFT)
        if "drift" in found
        else None,
    )


def _policy(
    found: Mapping[str, object], where: str, place: tuple[str, ...], folder: Path | None
) -> Path | None:
    if "policy" not in found:
        return None
    return path(found["policy"], f"the policy of {where}", place, folder)
