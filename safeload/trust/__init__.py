"""Who made these bytes? A bundle and the trusted keys become a manifest that somebody vouches for.

::

    X.sig ─► envelope.UnverifiedBundle ─┐
                                        ├─► envelope.VerifiedPayload ─► manifest.Manifest
    trust.toml ─► trustfile.TrustFile ──┘

Trust: bundles are hostile until :func:`safeload.trust.envelope.verify` returns. Key files and the
trust file are the caller's own, and refused when others could have written them.

Source: OpenSSF Model Signing 1.0, DSSE 1.0, in-toto Statement v1, Sigstore bundle v0.3.
"""
