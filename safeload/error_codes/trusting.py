"""Codes of what no trusted signer vouches for, and of trust files and ledgers that cannot be used.

Trust: not applicable; nothing from a file comes here.
"""

from __future__ import annotations

from safeload.error_codes.code import of
from safeload.errors import LoadError, TrustError, UsageError

__all__ = ["CODES"]

CODES = {
    **of(
        TrustError,
        {
            "bundle-malformed": (
                "A signature bundle is not of the form that it has to have.",
                "Get it again from whoever signed the model, or have it signed anew.",
            ),
            "bundle-missing": (
                "There is no signature bundle.",
                "Sign the model, or put its bundle beside it.",
            ),
            "bundle-of-file": (
                "The bundle is about a single file, not about a folder.",
                "Give the file that was signed.",
            ),
            "bundle-of-folder": (
                "The bundle is about a folder, not about a file.",
                "Give the folder that was signed.",
            ),
            "bundle-unreadable": (
                "A signature bundle cannot be read.",
                "Check that you may read it.",
            ),
            "certificate-expired": (
                "The signer's certificate has expired.",
                "Have the model signed again.",
            ),
            "certificate-key": (
                "The certificate is for a key of a type that is not supported.",
                "Have one issued for Ed25519, or ECDSA over P-256, P-384 or P-521.",
            ),
            "certificate-malformed": (
                "The certificates of the bundle cannot be used.",
                "Have the model signed anew, with the leaf and the authorities up to the root.",
            ),
            "certificate-not-valid": (
                "The certificate was not valid when it signed.",
                "Have the model signed with a certificate that is valid.",
            ),
            "certificate-not-yet-valid": (
                "The certificate is not valid yet.",
                "Check the clock of this machine.",
            ),
            "certificate-untrusted": (
                "No path leads from the certificate to a root of the trust file.",
                "Check the roots, and that the bundle has the authorities between.",
            ),
            "countersignature-differs": (
                "Signers are missing, and a further bundle is over another statement.",
                "Have its signer sign this statement ('safeload sign MODEL --key KEY --add').",
            ),
            "digest-mismatch": (
                "The file is not the one that was signed, or that was expected.",
                "Do not use it; get it again.",
            ),
            "digest-unknown": (
                "The signer says no SHA-256 of the whole, only those of its shards.",
                "Leave --full out: the shards were compared.",
            ),
            "expired": (
                "The signature has expired.",
                "Have the model signed again, or train a new one.",
            ),
            "file-missing": (
                "A folder lacks a file that was signed.",
                "Get the folder again from whoever signed it.",
            ),
            "file-unlisted": (
                "A folder holds a file that was not signed.",
                "Remove it; nothing in a signed folder is added later.",
            ),
            "identity-unproven": (
                "The identity that the bundle names did not sign it.",
                "Get the bundle again, or check the trusted root.",
            ),
            "keyless-unverified": (
                "What the services of sigstore answered does not verify; nothing was signed.",
                "Check the configuration, and who answered in their place.",
            ),
            "manifest-malformed": (
                "A signed statement is not of the form that it has to have.",
                "Sign the model again with 'safeload sign'.",
            ),
            "not-a-model": (
                "The statement says nothing about a model.",
                "Have the model signed with 'safeload sign'.",
            ),
            "not-covered": (
                "The signature covers no file of this name.",
                "Restore the file's name, or have it signed.",
            ),
            "pack-forbidden": (
                "The trust file forbids an allow-list that the model needs.",
                "Have a model signed that does without, or let this one use the list.",
            ),
            "placeholder": (
                "There is a placeholder, such as Git LFS leaves, where the signed file should be.",
                "Put the file itself there.",
            ),
            "revoked": (
                "The key, statement or file was revoked in the trust file.",
                "Do not use the file; ask whoever signed it for another.",
            ),
            "rollback": (
                "A newer release of the model was loaded here before.",
                "Find out who put the old one back; if it was you, say why (--allow-rollback).",
            ),
            "signature-invalid": (
                "The signature does not belong to this key and these bytes.",
                "Get the original bundle again.",
            ),
            "signer-another": (
                "A model that was to be kept was signed by somebody else.",
                "Keep models of the signer who retires; others stay in use anyway.",
            ),
            "signer-not-allowed": (
                "The trust file does not let the signer sign this model.",
                "If it should, add the name to the models of that signer.",
            ),
            "signer-not-current": (
                "The trust file does not trust the signer at this time.",
                "Have the model signed with a current key, or fix the times in the trust file.",
            ),
            "signer-repeated": (
                "One signer has signed more than once, which counts once.",
                "Have another signer sign it, with a key of their own.",
            ),
            "signer-retired": (
                "The signer is retired, and this statement is not an exception.",
                "Have the model signed with a current key.",
            ),
            "signer-unknown": (
                "Nobody in the trust file signed the bundle.",
                "If you trust whoever did, add them to your trust file.",
            ),
            "signer-wrong": (
                "What holds the key returned a signature that does not verify; nothing was signed.",
                "Find out what answered in its place, or is broken.",
            ),
            "stale": (
                "The model's serial is older than the trust file accepts.",
                "Get the newest release of the model.",
            ),
            "threshold-not-met": (
                "The trust file demands more signers than there are.",
                "Have another signer sign it ('safeload sign MODEL --key KEY --add').",
            ),
            "version-too-old": (
                "The model's version is older than the least that was asked for.",
                "Get a newer release of the model.",
            ),
            "version-unordered": (
                "A least version was asked for, and the model's version is none of PEP 440.",
                "Ask for one exact version, or set min_serial in the trust file.",
            ),
            "wrong-model": (
                "The bundle is about another model than was asked for.",
                "Check the path, or ask for the name that the model was signed with.",
            ),
            "wrong-version": (
                "The bundle is about another version of the model than was asked for.",
                "Get the release that is asked for, or ask for the one that was signed.",
            ),
        },
    ),
    **of(
        LoadError,
        {
            "ledger-busy": (
                "Another process writes to the ledger and does not finish.",
                "Find out who has it open, and try again.",
            ),
            "ledger-failed": (
                "The ledger cannot be used.",
                "Check the disk that it lies on, and the limits on sizes of files.",
            ),
            "ledger-full": (
                "There is no room for the ledger.",
                "Make room on the disk that it lies on.",
            ),
            "ledger-unwritable": (
                "The ledger cannot be written to.",
                "Make the file and its folder writable for whoever loads.",
            ),
        },
    ),
    **of(
        UsageError,
        {
            "bundle-needed": (
                "A model that is not a file at a path has no bundle beside it.",
                "Give the bundle as well (bundle=).",
            ),
            "ledger-malformed": (
                "A file is not a ledger that can be used.",
                "Restore it from a copy, or begin another and set min_serial in the trust file.",
            ),
            "ledger-unreadable": (
                "The ledger cannot be read.",
                "Check that its folder exists, and that you may read it.",
            ),
            "ledger-writable": (
                "Another user could have written the ledger.",
                "Follow the hint; 'safeload trust check' shows each step of the way.",
            ),
            "no-ledger": (
                "A ledger is needed, and none is named.",
                "Name one, in the trust file or by --ledger (ledger=).",
            ),
            "roots-malformed": (
                "The roots of an authority cannot be used.",
                "Give the certificates of the authorities that you trust, in PEM.",
            ),
            "trust-input": (
                "A file that was to go into the trust file cannot be read.",
                "Check its path.",
            ),
            "trusted-root-malformed": (
                "A trusted root of sigstore cannot be used.",
                "Give the trusted_root.json of the instance that you trust.",
            ),
            "trustfile-edit": (
                "The trust file is of a form that cannot be edited in this way.",
                "Make the change by hand.",
            ),
            "trustfile-exists": (
                "There is a trust file already.",
                "Add signers to it with 'safeload trust add'.",
            ),
            "trustfile-has-key": (
                "The key is in the trust file already, under another name.",
                "Change or remove that entry first.",
            ),
            "trustfile-has-name": (
                "The name is in the trust file already.",
                "Give another name, or change that entry first.",
            ),
            "trustfile-has-no": (
                "The trust file has no such entry.",
                "See who is in it with 'safeload trust show'.",
            ),
            "trustfile-malformed": (
                "The trust file, or an entry for it, is not of the form that it has to have.",
                "Fix the line that the message names; docs/trust.md shows the form.",
            ),
            "trustfile-missing": (
                "There is no trust file.",
                "Make one with 'safeload keygen' or 'safeload trust init', or name another.",
            ),
            "trustfile-names-unreadable": (
                "A file that the trust file names cannot be read.",
                "Check its path; a relative one begins in the folder of the trust file.",
            ),
            "trustfile-too-large": (
                "The trust file would be larger than it may be.",
                "Remove what is no longer needed from it first.",
            ),
            "trustfile-unreadable": (
                "The trust file cannot be read.",
                "Check that you may read it.",
            ),
            "trustfile-unwritable": (
                "The trust file cannot be written.",
                "Check the directory that it is in.",
            ),
            "trustfile-writable": (
                "Another user could have written the trust file, or a file that it names.",
                "Follow the hint; 'safeload trust check' shows each step of the way.",
            ),
        },
    ),
}
