"""What does the text of a trust file say? A module for each of its tables.

::

    text.py           the whole text, table by table
    keys.py           [keys.*]           a public key and what it may sign
    certificates.py   [certificates.*]   a holder of certificates, and the roots they chain to
    identities.py     [identities.*]     an identity that sigstore vouches for
    grants.py         what these three have in common: models, from when until when, what alone
    models.py         [models.*]         what is demanded of one model
    packs.py          packs and forbidden_packs, at the top and for one model
    revoked.py        [revoked]          what is not accepted any more
    entries.py        a signer becomes its entry
    named.py          the files that belong to a trust file, and what is in them
    toml.py           bytes become values
    values.py         values of one type, or a fault
    faults.py         a fault becomes an error that names the line; toml_lines.py finds it
"""
