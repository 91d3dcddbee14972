"""Codes of keys and of whoever holds them, and of what cannot be signed as it was given.

Trust: not applicable; nothing from a file comes here.
"""

from __future__ import annotations

from safeload.error_codes.code import of
from safeload.errors import UsageError

__all__ = ["CODES"]

CODES = of(
    UsageError,
    {
        "agent-key-ambiguous": (
            "The ssh-agent holds several keys that may be meant.",
            "Name one by its fingerprint, as 'ssh-add -l' shows it.",
        ),
        "agent-key-missing": (
            "The ssh-agent does not hold the key.",
            "See what it holds with 'ssh-add -l'; a locked agent shows none.",
        ),
        "agent-malformed": (
            "What answers as an ssh-agent does not keep to its protocol.",
            "Check that SSH_AUTH_SOCK names the socket of your agent.",
        ),
        "agent-missing": (
            "No ssh-agent is known here.",
            "Start one with: eval $(ssh-agent), and give it your key with: ssh-add.",
        ),
        "agent-refused": (
            "The ssh-agent refused to sign.",
            "Confirm the use of the key, or unlock the agent.",
        ),
        "agent-silent": (
            "The ssh-agent did not answer in time.",
            "Confirm the use of the key where it asks for that, and try again.",
        ),
        "agent-too-long": (
            "The statement is longer than what an ssh-agent signs.",
            "Give the probe fewer rows, or sign with another sort of key.",
        ),
        "agent-unreachable": (
            "The ssh-agent cannot be reached.",
            "Check that it runs, and that SSH_AUTH_SOCK names its socket.",
        ),
        "bundle-taken": (
            "Where the bundle is to be written lies one of another signer, or something else.",
            "Sign the same statement (--add), or have it replaced (--replace, replace=True).",
        ),
        "bundle-too-large": (
            "A folder holds more files than a bundle that is read can list.",
            "Give the folder of one model, or ignore what is no part of it.",
        ),
        "chain-malformed": (
            "A certificate chain cannot be used.",
            "Give the signing certificate and after it each one's issuer, in PEM.",
        ),
        "chain-of-another-key": (
            "The first certificate of the chain is not that of the signing key.",
            "Put the certificate of this key first.",
        ),
        "chain-unreadable": (
            "A certificate chain cannot be read.",
            "Check the path of the file.",
        ),
        "chain-unsuitable": (
            "The signing certificate is not one for signing code at this time.",
            "Ask your authority for one that is.",
        ),
        "chain-with-token": (
            "Whoever signs with a token gets a certificate for it, and brings no other.",
            "Leave the certificate chain out, or sign with its key.",
        ),
        "dataset-id": (
            "A name is given for a dataset, and no dataset.",
            "Give --dataset FILE, too; or its name and sha256 in a metadata file.",
        ),
        "dataset-unreadable": (
            "The dataset cannot be read.",
            "Give the file the model was trained on, or leave it out.",
        ),
        "date": (
            "A text is not a date.",
            "Write it as in 2027-01-31 or 2027-01-31T12:00:00+01:00.",
        ),
        "extra": (
            "A further fact has no name or no value.",
            "Write --extra NAME=VALUE.",
        ),
        "identity-token": (
            "There is no identity token to sign with.",
            "Give --identity-token (token=), or sign where the environment offers one.",
        ),
        "key-exists": (
            "There is a key file of this name, and keys are never overwritten.",
            "Choose another name, or move the old key away first.",
        ),
        "key-malformed": (
            "A text is not a key of the kind that is wanted.",
            "Give a private key to sign, a public key to verify, in PEM or of OpenSSH.",
        ),
        "key-permissions": (
            "Others may read the private key, or could have put it there.",
            "Follow the hint; a key that others could read has to be replaced.",
        ),
        "key-unreadable": (
            "A key file cannot be read.",
            "Check its path.",
        ),
        "key-unsupported": (
            "Keys of this type are not supported.",
            "Use Ed25519, or ECDSA over P-256, P-384 or P-521.",
        ),
        "key-unwritable": (
            "A key file cannot be written.",
            "Check the directory that it is to be in.",
        ),
        "key-uri": (
            "A key of a token or service is not named as such keys are.",
            "Write it as the hint shows; a file of this name has ./ before it.",
        ),
        "key-weak": (
            "Anybody can sign for this public key.",
            "Ask where it came from, and trust another.",
        ),
        "keyless-failed": (
            "The services of sigstore did not sign.",
            "Get a new token, and look at the network and the configuration.",
        ),
        "keyless-options": (
            "Options for signing with an identity are given to a key.",
            "Give --keyless in the place of --key, or leave them out.",
        ),
        "label": (
            "The label of a bundle has characters that it cannot have.",
            "Use 1 to 64 letters, digits, - and _.",
        ),
        "manifest-unsuitable": (
            "The model cannot be described as it was given.",
            "Check the name, version, training facts and probe.",
        ),
        "metadata-unreadable": (
            "The metadata file cannot be read.",
            "Check the path given with --metadata.",
        ),
        "metadata-unsuitable": (
            "The metadata file is not of the form that it has to have.",
            "Write it as docs/manifest.md shows.",
        ),
        "metric": (
            "A metric has no name or no number.",
            "Write --metric NAME=VALUE, as in --metric roc_auc=0.91.",
        ),
        "model-name": (
            "No model can have this name.",
            "Use 1 to 255 printable characters, without / and \\.",
        ),
        "model-unwritable": (
            "The model cannot be dumped.",
            "Move lambdas and local classes to a module that can be imported.",
        ),
        "no-folder": (
            "What is for folders alone is given for a file.",
            "Leave out model_file and ignore, or sign the folder.",
        ),
        "no-model": (
            "Cannot determine which file in the folder is the model.",
            "Say which (--model-file, model_file=).",
        ),
        "not-after-past": (
            "The signature would have expired before it is made.",
            "Give --not-after (not_after=) a time that is still to come.",
        ),
        "passphrase-differs": (
            "Two passphrases that should be the same differ.",
            "Try again.",
        ),
        "passphrase-length": (
            "A passphrase is empty or too long.",
            "Choose another one; --no-passphrase makes a key without.",
        ),
        "passphrase-needed": (
            "A passphrase or PIN is needed, and none was given.",
            "Give it (--passphrase-file, passphrase=).",
        ),
        "passphrase-unreadable": (
            "The passphrase file cannot be read.",
            "Check the path given with --passphrase-file.",
        ),
        "passphrase-writable": (
            "Others may read the passphrase file, or could have written it.",
            "Follow the hint.",
        ),
        "passphrase-wrong": (
            "The key file does not open with this passphrase.",
            "Try again; a key whose passphrase is lost has to be replaced.",
        ),
        "pin-locked": (
            "The PIN of the token is locked, expired or not set.",
            "Have whoever administers the token set a new one.",
        ),
        "pin-wrong": (
            "The token does not open with this PIN.",
            "Try again, and not too often: a token locks itself.",
        ),
        "probe-from-exhausted": (
            "Every row that could be drawn is among the data.",
            "Give rows that may be seen by whoever has the model, with --probe.",
        ),
        "probe-from-unreadable": (
            "The data to draw rows from cannot be read.",
            "Check the path given with --probe-from.",
        ),
        "probe-from-unsuitable": (
            "No rows can be drawn from the data.",
            "Give the data the model was trained on, or rows that may be seen, with --probe.",
        ),
        "probe-twice": (
            "Rows for the probe are given, and data to draw them from.",
            "Give one of --probe and --probe-from.",
        ),
        "probe-unreadable": (
            "The rows for the probe cannot be read.",
            "Check the path given with --probe.",
        ),
        "probe-unsuitable": (
            "The rows cannot be a probe of this model.",
            "Give a few rows of what the model takes.",
        ),
        "signer-denied": (
            "The service that holds the key does not let it be used.",
            "Check the credentials here, what they may do, and that the key is enabled.",
        ),
        "signer-failed": (
            "What holds the key failed.",
            "Check the name of the key, the service and what it logs.",
        ),
        "signer-key-missing": (
            "There is no such key, or not in the version that was named.",
            "Check its name, and which account or token it is in.",
        ),
        "signer-unreachable": (
            "What holds the key cannot be reached.",
            "Check the address and the network; of a token, PYKCS11LIB.",
        ),
        "sigstore-config": (
            "The configuration of sigstore cannot be used.",
            "Give a client trust configuration, or look at the network.",
        ),
    },
)
