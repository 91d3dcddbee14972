"""The other process of ``safeload load``: a request on stdin becomes a result on stdout.

Trust: the request comes from the process that started this one. A model that crashes or hangs does
so here.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from safeload.errors import SafeloadError

__all__ = ["main"]


def main() -> None:
    """Rehearse what is asked for on stdin, and write the outcome to stdout as JSON."""
    request = json.load(sys.stdin)
    # What a model prints while it predicts must not mix with the result.
    with os.fdopen(os.dup(1), "w", encoding="ascii") as result:
        os.dup2(2, 1)
        try:
            outcome = _rehearse(**request)
        except SafeloadError as error:
            outcome = {
                "error": {
                    "message": error.message,
                    "code": error.code,
                    "hint": error.hint,
                    "exit_code": error.exit_code,
                }
            }
        json.dump(outcome, result)


def _rehearse(path: str, trust: str | None, name: str | None, policy: str | None) -> dict[str, Any]:
    from safeload.gate import load, verify
    from safeload.trust.trustfile import TrustFile

    trusted = TrustFile.read(trust)
    model = load(path, trust=trusted, name=name, policy=policy, probe=True)
    # Only to say what was loaded: every check has been made, and is made once more by this.
    verified = verify(path, trust=trusted, name=name)
    about = verified.manifest.model
    if about is None or about.probe is None:
        raise AssertionError("loaded with a probe that is not there")
    kind = type(model)
    return {
        "name": about.name,
        "version": about.version,
        "signer": verified.signer,
        "type": f"{kind.__module__}.{kind.__qualname__}",
        "methods": sorted(about.probe["expected"]),
    }


if __name__ == "__main__":
    main()
