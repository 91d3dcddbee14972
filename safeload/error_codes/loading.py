"""Codes of what the policy says no to, and of what was accepted and does not load.

Trust: not applicable; nothing from a file comes here.
"""

from __future__ import annotations

from safeload.error_codes.code import of
from safeload.errors import ArtefactError, LoadError, RefusedError, UsageError

__all__ = ["CODES"]

CODES = {
    **of(
        RefusedError,
        {
            "companion-files": (
                "Arrays of the model lie in files beside it, as joblib before 0.10 wrote them.",
                "Load it with load_unsigned from its path, dump what that returns, and sign that.",
            ),
            "incomplete": (
                "Not all of the file was read, so nothing is decided and nothing was loaded.",
                "See what the finding says; raise the limit or switch on the allow-list it names.",
            ),
            "refused": (
                "The file holds what the policy does not allow; nothing was loaded.",
                "Run 'safeload audit' on the file for everything that was found.",
            ),
            "unguarded": (
                "An unpickler that the guard does not know asked for a name.",
                "Load models with pickle, joblib or safeload, or exempt that function (exempt=).",
            ),
        },
    ),
    **of(
        LoadError,
        {
            "array-mismatch": (
                "An array is of another type than the scan read.",
                "Do not use the file, and report its scan; it should not be possible.",
            ),
            "audited-only": (
                "It is a checkpoint of torch, which is audited and not loaded.",
                "Load it with torch.load(path, weights_only=True).",
            ),
            "isolated-call-failed": (
                "A method of an isolated model failed, or returned what is not handed on.",
                "Give it what it was trained on: the same columns, in the same order and types.",
            ),
            "isolated-crashed": (
                "The process of an isolated model was ended by a signal.",
                "Do not load the model elsewhere: it would end a service too.",
            ),
            "isolated-failed": (
                "The process of an isolated model ended without an answer.",
                "See whether its libraries can be imported in a fresh Python.",
            ),
            "isolated-garbled": (
                "The process of an isolated model sent an answer that is none.",
                "Do not load the model anywhere: it may have taken its process over.",
            ),
            "isolated-memory": (
                "There is no memory left for an isolated model or its answer.",
                "Give it more (Isolation(memory=...)), or ask for fewer predictions at a time.",
            ),
            "isolated-timeout": (
                "An isolated model took more time than it may.",
                "Give it more (Isolation(seconds=..., processor=...)) if you expect it to be slow.",
            ),
            "isolated-unavailable": (
                "No process can be started to isolate a model.",
                "See which processes, files and memory this user may have (ulimit -a).",
            ),
            "library-failed": (
                "A library that the model needs fails to be imported.",
                "See whether Python imports it by itself.",
            ),
            "library-missing": (
                "A library that the model needs is not installed.",
                "Install it and try again.",
            ),
            "load-failed": (
                "Every check passed, and loading failed all the same.",
                "Compare the installed releases of libraries with those that wrote the model.",
            ),
            "missing-name": (
                "A library is installed in a release that lacks a name which the model uses.",
                "Install the release that wrote the model.",
            ),
            "model-unreadable": (
                "The model does not say what it was fitted on.",
                "See what its feature_names_in_ and n_features_in_ raise.",
            ),
            "no-guard": (
                "The process cannot be guarded, as an audit hook keeps others out.",
                "Install the guard before that hook, or have the hook let others in.",
            ),
            "no-probe": (
                "Recorded predictions are required, and the model was signed without any.",
                "Sign it with a few rows of input (--probe).",
            ),
            "no-seal": (
                "The process cannot be sealed, as an audit hook keeps others out.",
                "Load the model in a process without that hook.",
            ),
            "not-granted": (
                "While loading, the file asked for a name that it was not granted.",
                "Do not use the file, and report its scan; it should not be possible.",
            ),
            "not-one-model": (
                "The file is a container of files, or holds several things.",
                "Unpack it, or dump each thing into a file of its own.",
            ),
            "probe-failed": (
                "The model fails to predict on the rows of the probe; the message says why.",
                "Give rows that it takes, or compare library versions with the manifest's.",
            ),
            "probe-mismatch": (
                "The model predicts otherwise than was recorded at signing.",
                "Compare the releases of libraries here with those in the manifest.",
            ),
            "seal-broken": (
                "Unpickling did what no model needs, such as opening a file; it was stopped there.",
                "Do not load the file in another way.",
            ),
            "skops-disagrees": (
                "skops asks for a name that the scan did not see.",
                "Do not load the file otherwise, and report it.",
            ),
            "version-mismatch": (
                "The model was made with another minor release of a library.",
                "Install that release, or let the policy or trust file warn instead.",
            ),
        },
    ),
    **of(
        ArtefactError,
        {
            "guard-audit": (
                "An audit for the guard's report failed; nothing came of it.",
                "Run 'safeload audit' on the file.",
            ),
            "memo-shared": (
                "A second stream of one unpickler refers to what the first one had in its memo.",
                "Dump each object by pickle.dump, and load each by pickle.load.",
            ),
            "python2-bytes": (
                "Text of Python 2 is asked for as bytes, which the guard does not do.",
                "Leave out encoding='bytes', or write the file anew with Python 3.",
            ),
        },
    ),
    **of(
        UsageError,
        {
            "guard-installed": (
                "The process is guarded already, with other settings.",
                "Install the guard in one place, before anything loads a model.",
            ),
            "guard-log": (
                "The guard cannot write its lines.",
                "Say where it may write (log=, --report FILE).",
            ),
            "guard-report": (
                "What a guard wrote cannot be read.",
                "Name the file that --report or log= named.",
            ),
            "isolated-closed": (
                "An isolated model was closed, or its pipes were.",
                "Load it anew.",
            ),
            "isolated-copied": (
                "An isolated model is a process, which is neither copied nor sent elsewhere.",
                "Load it in each process that uses it.",
            ),
            "isolated-elsewhere": (
                "An isolated model belongs to the process that loaded it, not to a fork of it.",
                "Load it after the fork.",
            ),
            "isolated-input": (
                "Data have no form in which they are sent to an isolated model.",
                "Give arrays, sparse matrices, data frames or lists of plain values.",
            ),
            "isolated-no-method": (
                "An isolated model has no such method.",
                "Call one of those that the hint lists.",
            ),
            "isolation-bounds": (
                "A bound on an isolated process is out of its range.",
                "Leave it out to have the default.",
            ),
            "library-unknown": (
                "'safeload policy show' knows no such library.",
                "Choose one that the hint lists.",
            ),
            "pack-unknown": (
                "There is no allow-list of this name.",
                "Choose one that the hint lists.",
            ),
            "policy-malformed": (
                "A policy file is not of the form that it has to have.",
                "See docs/policy.md for its form.",
            ),
            "policy-unreadable": (
                "A policy file cannot be read.",
                "Check that it exists, and that you may read it.",
            ),
            "policy-writable": (
                "Another user could have written the policy file.",
                "Follow the hint; 'safeload trust check' shows each step of the way.",
            ),
        },
    ),
}
