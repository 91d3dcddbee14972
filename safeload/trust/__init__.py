"""Who made these bytes? A bundle and a trust file become a manifest that somebody vouches for.

::

    X.sig ─► envelope.UnverifiedBundle ─┐
                                        ├─► envelope.VerifiedPayload ─► manifest.Manifest
    trust.toml ─► trustfile.TrustFile ──┘

Whom a bundle may be verified by depends on what it brings along: a key's id, certificates or a
logged certificate (:mod:`safeload.trust.verification`, :mod:`safeload.trust.identities`).

Trust: bundles are hostile until :meth:`safeload.trust.trustfile.TrustFile.verify` returns. Key
files and the trust file are the caller's own, and refused when others could have written them.

Source: OpenSSF Model Signing 1.0, DSSE 1.0, in-toto Statement v1, Sigstore bundle v0.3.
"""
