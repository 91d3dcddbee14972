"""Who could have put these bytes here? Nobody but us and root, or the file is not believed.

One function, :func:`safeload.owners.reading.read_own`, reads the files that decide what is
believed and what may run: trust files, private keys, policy files and passphrases.
"""
