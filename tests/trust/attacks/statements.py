"""Statements that are off, signed by whoever may sign: a key that got into the wrong hands."""

from __future__ import annotations

from typing import Any

from tests.trust.attacks.scene import Attack, covering, sharded
from tests.trust.statements import CONTENT, SHA256, dropping, setting

__all__ = ["STATEMENTS"]

OURS = ("subject", 0, "annotations", "safeload_manifest_v1")
A, B = "a" * 64, "b" * 64
SIZE = len(CONTENT)


def of_folder(statement: Any) -> None:
    """The statement about the model is one about a folder with it."""
    annotations = statement["subject"][0]["annotations"]
    covering(("churn.joblib", SHA256))(statement)
    annotations["safeload_manifest_v1"]["file"] = "churn.joblib"
    statement["subject"][0]["annotations"] = annotations


MALFORMED = {
    "another statement type": setting("_type", to="https://in-toto.io/Statement/v0.1"),
    "another predicate": setting("predicateType", to="https://slsa.dev/provenance/v1"),
    "two subjects": lambda s: s["subject"].append(s["subject"][0]),
    "the wrong digest of all files": setting("subject", 0, "digest", "sha256", to=A),
    "a digest in upper case": setting("predicate", "resources", 0, "digest", to=SHA256.upper()),
    "a weaker hash": setting("predicate", "resources", 0, "algorithm", to="sha1"),
    "no files": setting("predicate", "resources", to=[]),
    "a serial in quotes": setting(*OURS, "serial", to="7"),
    "a serial that is true": setting(*OURS, "serial", to=True),
    "a serial beyond what numbers hold": setting(*OURS, "serial", to=2**53),
    "a time that is none": setting(*OURS, "not_after", to="never"),
    "no serial": dropping(*OURS, "serial"),
    "a member that this release does not know": setting(*OURS, "allow", to=["os.system"]),
    "content of a newer release": setting(
        "subject", 0, "annotations", "safeload_manifest_v2", to={}
    ),
    "a model of no name": setting(*OURS, "name", to="team/churn"),
    "a name with a sign that turns it around": setting(*OURS, "name", to="a\u202eb"),
    # Files
    "files out of order": covering(("b", A), ("a", B)),
    "a file twice": covering(("a", A), ("a", B)),
    "a path upwards": covering(("../a", A)),
    "a path upwards within": covering(("a/../../b", A)),
    "an absolute path": covering(("/etc/passwd", A)),
    "a drive": covering(("C:a", A)),
    "a path of Windows": covering(("a\\b", A)),
    "a stream of Windows": covering(("a:stream", A)),
    "a device of Windows": covering(("nul.txt", A)),
    "an empty part": covering(("a//b", A)),
    "a dot as a part": covering(("a/./b", A)),
    "a control character": covering(("a\nb", A)),
    "a name of a million letters": covering(("x" * 1_000_000, A)),
    "two names that differ in case": covering(("Model", A), ("model", B)),
    "two names that differ in composition": covering(("mode\u0301l", A), ("mod\u00e9l", B)),
    "two names that differ in a final dot": covering(("a", A), ("a.", B)),
    "a file that is a folder": covering(("a", A), ("a/b", B)),
    "the single file, and others": covering((".", A), ("a", B)),
    # Shards
    "shards that overlap": sharded(8, ("a:0:8", A), ("a:7:10", B)),
    "shards that leave a gap": sharded(8, ("a:0:8", A), ("a:9:10", B)),
    "shards that do not begin at the beginning": sharded(8, ("a:8:16", A)),
    "a shard in the middle that is too short": sharded(8, ("a:0:4", A), ("a:4:8", B)),
    "a shard that is too long": sharded(8, ("a:0:9", A)),
    "an empty shard": sharded(8, ("a:0:0", A)),
    "a shard that ends before it begins": sharded(8, ("a:0:8", A), ("a:8:4", B)),
    "shards of a file that are apart": sharded(8, ("a:0:8", A), ("b:0:8", B), ("a:8:16", A)),
    "a shard with a sign": sharded(8, ("a:0:+8", A)),
    "a shard with a leading zero": sharded(8, ("a:00:8", A)),
    "a shard without bounds": sharded(8, ("a", A)),
    "shards of no size": sharded(0, ("a:0:8", A)),
    "shards of a size below nothing": sharded(-8, ("a:0:8", A)),
    "shards of a path upwards": sharded(8, ("../a:0:8", A)),
}

STATEMENTS = {
    **{
        sentence: Attack(code="manifest-malformed", signer="dave", statement=edit)
        for sentence, edit in MALFORMED.items()
    },
    "a member twice": Attack(
        code="manifest-malformed",
        payload=lambda p: p.replace(b'"serial":7', b'"serial":7,"serial":9'),
    ),
    "a NaN among the metrics": Attack(
        code="manifest-malformed", payload=lambda p: p.replace(b'"auc":0.93', b'"auc":NaN')
    ),
    "deep JSON": Attack(code="manifest-malformed", payload=lambda _: b"[" * 10_000 + b"]" * 10_000),
    "no JSON": Attack(code="manifest-malformed", payload=lambda _: b"hello"),
    "a folder's bundle for a file": Attack(code="bundle-of-folder", statement=of_folder),
    "the size of another file": Attack(
        code="digest-mismatch", statement=setting(*OURS, "size", to=SIZE + 1)
    ),
    "a statement about other files": Attack(
        code="not-covered", signer="dave", statement=covering(("a", A), ("b", B))
    ),
    "the name of the file with the digest of another": Attack(
        code="digest-mismatch",
        signer="dave",
        statement=covering(("another.joblib", A), ("churn.joblib", B)),
    ),
    "shards of another file": Attack(
        code="digest-mismatch",
        signer="dave",
        statement=sharded(8, ("churn.joblib:0:8", A), ("churn.joblib:8:16", B)),
    ),
    "shards that leave out the end": Attack(
        code="digest-mismatch", signer="dave", statement=sharded(1024, (f"a:0:{SIZE - 1}", A))
    ),
    "shards that go on behind the end": Attack(
        code="digest-mismatch", signer="dave", statement=sharded(1024, (f"a:0:{SIZE + 1}", A))
    ),
}
