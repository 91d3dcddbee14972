"""Codes of what a caller asked for in a way that cannot be done: arguments, options, reports.

Trust: not applicable; nothing from a file comes here.
"""

from __future__ import annotations

from safeload.error_codes.code import of
from safeload.errors import SafeloadError, UsageError

__all__ = ["CODES"]

CODES = {
    **of(
        SafeloadError,
        {
            "drop-gone": (
                "The drop folder is not where it was.",
                "Look for it; whatever was not taken from it lies where it is now.",
            ),
            "internal": (
                "A bug in safeload; nothing was decided.",
                "Please report it.",
            ),
            "output-undelivered": (
                "The result cannot be written to standard output, so it is lost.",
                "Run the command again where it can be written.",
            ),
            "watch-failed": (
                "The kernel does not watch the folder.",
                "Raise fs.inotify.max_user_watches or fs.inotify.max_user_instances.",
            ),
        },
    ),
    **of(
        UsageError,
        {
            "argument-type": (
                "An argument is of a type that its parameter does not take.",
                "Give it what the hint says.",
            ),
            "argument-value": (
                "An argument has a value that its parameter does not take.",
                "Give it what the hint says.",
            ),
            "baseline-author": (
                "Cannot determine who accepts the findings.",
                "Give --author NAME.",
            ),
            "baseline-date": (
                "The last day of an entry is not a day to come.",
                "Give --until a date, as in 2027-03-31.",
            ),
            "baseline-malformed": (
                "The baseline is not of the form that it has to have.",
                "Write it with 'safeload baseline add'; docs/auditing.md shows its form.",
            ),
            "baseline-missing": (
                "There is no such baseline.",
                "Make one with 'safeload baseline add'.",
            ),
            "baseline-needed": (
                "What is new is found by a baseline, and none is given.",
                "Give --baseline FILE as well.",
            ),
            "baseline-nothing": (
                "There is nothing to accept, or no such entry.",
                "See 'safeload audit' and 'safeload baseline show'.",
            ),
            "baseline-unreadable": (
                "The baseline cannot be read.",
                "Check that you may read it.",
            ),
            "baseline-unwritable": (
                "The baseline cannot be written.",
                "Check the folder that it is in.",
            ),
            "baseline-writable": (
                "Another user could have written the baseline.",
                "Follow the hint; 'safeload trust check' shows each step of the way.",
            ),
            "cache-audited": (
                "The cache lies in what is audited.",
                "Put it into a folder of yours that is not audited.",
            ),
            "cache-writable": (
                "Another user could have written the cache.",
                "Put it into a folder of yours.",
            ),
            "changed-not-local": (
                "What changed is known of files in git work trees alone.",
                "Leave --changed-since out.",
            ),
            "cluster-differs": (
                "The workers of the cluster do not judge as this machine does.",
                "Install the same releases of Python, safeload and its libraries on all of them.",
            ),
            "cluster-unreachable": (
                "The Dask scheduler cannot be reached, or has no workers.",
                "Check the address, as in tcp://scheduler:8786, and that workers are started.",
            ),
            "digest-malformed": (
                "A text is not a SHA-256.",
                "Give 64 lower-case hex digits.",
            ),
            "digest-of-many": (
                "One digest is expected, and there are several files.",
                "Give the one file itself.",
            ),
            "drop-busy": (
                "Another process watches this folder.",
                "End the other one first.",
            ),
            "drop-claimed": (
                "A folder of safeload's in the drop folder is somebody else's.",
                "Remove it; whoever made it is not to be trusted.",
            ),
            "drop-unusable": (
                "The drop folder cannot be used.",
                "Give a folder on a file system of this machine that you may write to.",
            ),
            "folder-missing": (
                "A folder for accepted or other files is not there, or cannot be written to.",
                "Make it beforehand.",
            ),
            "folders-meet": (
                "The drop folder and those for accepted and other files lie in one another.",
                "Give three folders, of which none is below another.",
            ),
            "format-unknown": (
                "There is no report format of this name.",
                "Choose one that the hint lists.",
            ),
            "git-failed": (
                "git does not say what it was asked.",
                "Run 'git status' in that folder; git 2.31 or later is needed.",
            ),
            "git-missing": (
                "There is no git command.",
                "Install git, or leave out what git is asked for.",
            ),
            "limit-fixed": (
                "A limit cannot be raised so far.",
                "Leave it: beyond it, compiled code could end the process.",
            ),
            "limit-malformed": (
                "A limit has no value.",
                "Write --limit NAME=VALUE, with a number above zero.",
            ),
            "limit-unknown": (
                "There is no limit of this name.",
                "Choose one that the hint lists.",
            ),
            "mmap-mode": (
                "Arrays cannot be mapped in this way.",
                "Use None, 'r' or 'c', and None with an isolated model.",
            ),
            "name-needed": (
                "Cannot determine the user name.",
                "Say who holds the key: --name NAME.",
            ),
            "no-path": (
                "Expected a file path.",
                "Give the name of a file, which is not empty.",
            ),
            "no-work-tree": (
                "What is audited lies in no git work tree.",
                "Leave --changed-since out.",
            ),
            "output-exists": (
                "There is a file where the result would be written.",
                "Choose another name, or replace it with --force.",
            ),
            "output-is-input": (
                "The result would be written over a file that it is about.",
                "Give --output another name.",
            ),
            "output-is-policy": (
                "A proposal would replace the policy file that it adds to.",
                "Write it to another file, and add what you want by hand.",
            ),
            "output-twice": (
                "Two reports would be written to one file.",
                "Give each report a file of its own.",
            ),
            "output-unwritable": (
                "The result cannot be written there.",
                "Name a file in a folder that exists and that you may write to.",
            ),
            "report-is-whole": (
                "A report in this format is always whole.",
                "Leave the option about its detail out.",
            ),
            "exclude-malformed": (
                "A pattern for --exclude is malformed.",
                "Write it as in tests/fixtures, relative to the folder that is audited.",
            ),
            "report-malformed": (
                "A report is asked for, and no file for it is named.",
                "Write --report FORMAT=FILE.",
            ),
            "repository-owner": (
                "The repository belongs to another user, so git does not read it.",
                "If you trust its owner: git config --global --add safe.directory FOLDER.",
            ),
            "revision-unknown": (
                "git knows no such revision, or none at all.",
                "Name another, or leave it out.",
            ),
            "rule-unknown": (
                "There is no rule of this name.",
                "Rules are named like SL101; docs/rules lists them.",
            ),
            "several-models": (
                "Several models are given, with an option that is about one of them.",
                "Leave the option out, or give one model; {stem} in --name makes names of several.",
            ),
            "unsigned": (
                "An option about signatures is given together with --unsigned.",
                "Leave out one of the two.",
            ),
        },
    ),
}
