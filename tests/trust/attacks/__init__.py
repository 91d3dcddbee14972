"""Attacks on what a team trusts, as tables: the sentence is the key, what differs the value.

::

    scene.py        a team, its model, its folder, its trust file; what an attacker may change
    rights.py       signed by the wrong one, at the wrong time, about the wrong model
    signers.py      fewer signers than the trust file demands
    bundles.py      bundles that are not what a signer made
    statements.py   statements that are off, signed by whoever may sign: a key in the wrong hands
    folders.py      folders in which something is not as it was signed
"""
