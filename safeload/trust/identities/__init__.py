"""Who holds the key of a certificate? A bundle and what is pinned become a credential.

::

    certificates ─► certificates.Leaf ─► a path to roots ───────┐
                                                                ├─► credentials.Credential
    certificate and log entry ─► keyless, by sigstore ──────────┘

The signature itself is then checked with the credential's key, as with any other key, by
:func:`safeload.trust.envelope.verify_credential`.

Trust: bundles are hostile; roots and trusted roots are the caller's own.
"""
