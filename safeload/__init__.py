"""Sign scikit-learn models, load only what was signed and allowed, audit what a third party sent.

::

    import safeload

    safeload.dump(model, "churn.joblib", key="signing.key", name="churn", version="1.2.0")
    model = safeload.load("churn.joblib", trust="trust.toml")
    model = safeload.load_unsigned("theirs.joblib", isolated=True)
    report = safeload.audit("theirs.pkl")

Everything is imported when it is first used: ``import safeload`` alone costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from safeload.errors import (
    ArtefactError,
    DriftWarning,
    LoadError,
    RefusedError,
    SafeloadError,
    TrustError,
    UsageError,
)
from safeload.forks import IMPORTING

if TYPE_CHECKING:
    from safeload.auditing.run import AuditReport, audit
    from safeload.gate import Verified, load, load_unsigned, verify
    from safeload.handed import Provenance, provenance
    from safeload.isolation.model import IsolatedModel
    from safeload.limits import Isolation, Limits
    from safeload.lineage.revision import find_revision
    from safeload.policy.policy import Policy
    from safeload.signing import dump, sign
    from safeload.signing.countersigning import Countersigned, countersign
    from safeload.trust.identities.keyless_signer import KeylessSigner
    from safeload.trust.keys import KeyType, Signer, SigningKey, VerifyingKey
    from safeload.trust.manifest import Manifest
    from safeload.trust.training import Dataset, Revision
    from safeload.trust.trustfile import TrustFile
    from safeload.verdict import FileReport, Finding, Severity, Verdict

__all__ = [
    "ArtefactError",
    "AuditReport",
    "Countersigned",
    "Dataset",
    "DriftWarning",
    "FileReport",
    "Finding",
    "IsolatedModel",
    "Isolation",
    "KeyType",
    "KeylessSigner",
    "Limits",
    "LoadError",
    "Manifest",
    "Policy",
    "Provenance",
    "RefusedError",
    "Revision",
    "SafeloadError",
    "Severity",
    "Signer",
    "SigningKey",
    "TrustError",
    "TrustFile",
    "UsageError",
    "Verdict",
    "Verified",
    "VerifyingKey",
    "__version__",
    "audit",
    "countersign",
    "dump",
    "find_revision",
    "load",
    "load_unsigned",
    "provenance",
    "sign",
    "verify",
]

_HOMES = {
    "AuditReport": "safeload.auditing.run",
    "Countersigned": "safeload.signing.countersigning",
    "Dataset": "safeload.trust.training",
    "FileReport": "safeload.verdict",
    "Finding": "safeload.verdict",
    "IsolatedModel": "safeload.isolation.model",
    "Isolation": "safeload.limits",
    "KeyType": "safeload.trust.keys",
    "KeylessSigner": "safeload.trust.identities.keyless_signer",
    "Limits": "safeload.limits",
    "Manifest": "safeload.trust.manifest",
    "Policy": "safeload.policy.policy",
    "Provenance": "safeload.handed",
    "Revision": "safeload.trust.training",
    "Severity": "safeload.verdict",
    "Signer": "safeload.trust.keys",
    "SigningKey": "safeload.trust.keys",
    "TrustFile": "safeload.trust.trustfile",
    "Verdict": "safeload.verdict",
    "Verified": "safeload.gate",
    "VerifyingKey": "safeload.trust.keys",
    "audit": "safeload.auditing.run",
    "countersign": "safeload.signing.countersigning",
    "dump": "safeload.signing",
    "find_revision": "safeload.lineage.revision",
    "load": "safeload.gate",
    "load_unsigned": "safeload.gate",
    "provenance": "safeload.handed",
    "sign": "safeload.signing",
    "verify": "safeload.gate",
}

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'safeload' has no attribute {name!r}")
    with IMPORTING:
        value = getattr(import_module(home), name)
    # A subpackage of the same name (audit, load) would otherwise shadow the function.
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
