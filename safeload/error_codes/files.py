"""Codes of what cannot be taken in or written: files, folders, archives, addresses.

Trust: not applicable; nothing from a file comes here.
"""

from __future__ import annotations

from safeload.error_codes.code import of
from safeload.errors import ArtefactError, UsageError

__all__ = ["CODES"]

CODES = {
    **of(
        ArtefactError,
        {
            "changed": (
                "A file changed while it was read.",
                "Wait until nothing writes to it any more, then try again.",
            ),
            "compare-limit": (
                "Two models have too many parts to be compared.",
                "Compare what they predict instead.",
            ),
            "file-name": (
                "A file in a folder has a name that cannot be signed.",
                "Rename the file.",
            ),
            "not-regular": (
                "A path leads to a directory, a link, a pipe or a device, or out of its folder.",
                "Give the file itself.",
            ),
            "too-large": (
                "A file is larger than a limit, or than the memory there is.",
                "If you expect a model of this size, raise the limit that the message names.",
            ),
            "too-many-files": (
                "A folder holds more files than are looked at.",
                "Give the folder of one model.",
            ),
            "unreadable": (
                "A file, folder or address cannot be read.",
                "Check that it exists, and that you may read it.",
            ),
        },
    ),
    **of(
        UsageError,
        {
            "address-credentials": (
                "The address of an object store holds a password or a query.",
                "Let credentials come from the environment or from the store's configuration.",
            ),
            "address-malformed": (
                "An address names no host that could be asked.",
                "Write it as in https://example.org/model.pkl.",
            ),
            "address-unknown": (
                "Nothing reads addresses that begin so.",
                "Use one of the schemes that the hint lists; write ./ before a path.",
            ),
            "exists": (
                "There is something already where a folder is to be made.",
                "Choose another name.",
            ),
            "extra-missing": (
                "A library that this needs is not installed.",
                "Install the extra that the hint names.",
            ),
            "folder-busy": (
                "Another process writes to the folder and does not finish.",
                "Try again when it has ended; if nothing writes there, remove its lock.",
            ),
            "hub-cache-missing": (
                "The cache of the Hugging Face hub cannot be listed.",
                "Say where it is with HF_HUB_CACHE or HF_HOME.",
            ),
            "no-temporary-folder": (
                "There is no place for temporary files.",
                "Set TMPDIR to a folder that you may write to.",
            ),
            "unwritable": (
                "A file or folder cannot be written.",
                "Check permissions and the space left; nothing was changed.",
            ),
        },
    ),
}
