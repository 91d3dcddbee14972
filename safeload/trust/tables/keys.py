"""``[keys.*]``: a public key becomes a signer.

Trust: the trust file is the caller's own. A file that it names is read by
:mod:`safeload.trust.trustfile`, which refuses one that others could have put there.

Source: RFC 5656 section 3.1 and RFC 8709 for keys in OpenSSH's form; RFC 5280 4.1 for those in PEM.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from safeload.errors import UsageError
from safeload.trust.keys import VerifyingKey
from safeload.trust.tables.faults import Unfit
from safeload.trust.tables.grants import GRANT, Grant, granted, shown
from safeload.trust.tables.values import known

__all__ = ["TrustedKey", "trusted_key"]

_KEY = frozenset({"public", "public_file"}) | GRANT


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedKey(Grant):
    """A public key with what it may sign.

    Attributes:
        key: The public key.
    """

    key: VerifyingKey


def trusted_key(name: str, value: object, files: Mapping[str, bytes]) -> TrustedKey:
    """Parse the table of a key.

    Args:
        name: Who holds it.
        value: The table.
        files: What is in the files that the trust file names, by the text that names them.
    """
    where, place = shown("keys", name), ("keys", name)
    found = known(value, where, _KEY, *place)
    given = [entry for entry in ("public", "public_file") if entry in found]
    if len(given) != 1:
        why = f"{where} has not exactly one of public and public_file"
        raise Unfit(why, *place, *given[1:])
    entry, public = given[0], found[given[0]]
    if not isinstance(public, str):
        raise Unfit(f"{entry} of {where} is not a text in quotes", *place, entry)
    try:
        text = public if entry == "public" else files[public].decode("utf-8", "replace")
        key = VerifyingKey.from_text(text)
    except UsageError as error:
        why = f"the public key of {where} is none that can be used"
        raise Unfit(why, *place, entry, code=error.code, hint=error.hint) from error
    return TrustedKey(key=key, **granted(found, "keys", name))
