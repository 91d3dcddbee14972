"""What does a rule id mean, why is it a finding, and what can one do? One entry for each.

The table of docs/rules is made of these entries. Beside it each rule has a page that says more,
which ``safeload explain SL101`` shows. ``SL0xx`` says that something was not read, which makes a
verdict INCOMPLETE; every other rule refuses, but for ``SL9xx``, which leaves the verdict as it is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from safeload.verdict import Finding, Severity, Weight

__all__ = ["CODE", "PACK_IS_OFF", "RULE_IDS", "RuleId", "about", "effect"]

# The rules of every finding about code by value, and about a pack that is off.
CODE, PACK_IS_OFF = "SL108", "SL009"


@dataclass(frozen=True, slots=True)
class RuleId:
    """A rule as people see it.

    Attributes:
        title: What was found, a clause.
        why: Why that is a finding, a sentence.
        remedy: What to do about it, a sentence.
    """

    title: str
    why: str
    remedy: str


def effect(rule: str) -> str:
    """What a finding under a rule leads to: ``"incomplete"``, ``"refused"`` or ``"none"``.

    Args:
        rule: A key of :data:`RULE_IDS`.
    """
    return _EFFECTS[Finding(rule, "").severity]


_EFFECTS = {
    Severity.ERROR: "refused",
    Severity.WARNING: "incomplete",
    Severity.NOTE: "none",
}

_NOT_READ = "What was not read may hold anything."
_REPLACE = "Ask whoever made the file to write it again; do not load this one."
_ASK = "Treat the file as hostile unless whoever made it can explain how it came to be."

RULE_IDS: dict[str, RuleId] = {
    "SL000": RuleId("the file cannot be read", _NOT_READ, "See what the message says."),
    "SL001": RuleId(
        "unrecognised format",
        _NOT_READ,
        "Audit the file with a tool for its format, or have the model written by joblib or skops.",
    ),
    "SL002": RuleId(
        "reading reached a limit",
        "Limits keep a small file from taking all time and memory.",
        "If you expect such a model, raise the limit that the message names: `--limit NAME=VALUE`.",
    ),
    "SL003": RuleId(
        "its compression is not supported, or the library for it is not installed",
        _NOT_READ,
        "Install the library that the message names.",
    ),
    "SL004": RuleId(
        "an array is in a separate file, as joblib before 0.10 wrote it, and was not read",
        "Loading it opens that file, and unpickles it where it holds objects.",
        "Put the files that were written with the model beside it, under their original names.",
    ),
    "SL006": RuleId(
        "a buffer is kept outside of the file",
        "A pickle with out-of-band buffers is not complete.",
        "Dump the model again without a buffer callback.",
    ),
    "SL007": RuleId(
        "the file was written by a newer skops, in another protocol",
        "This release does not know the new protocol.",
        "Look for a newer safeload.",
    ),
    "SL008": RuleId(
        "a reader or a rule failed",
        "It is a bug in safeload, and what was not checked is not accepted.",
        "Please report it.",
    ),
    "SL009": RuleId(
        "the file needs an allow-list that is off by default",
        "What that allow-list covers is not checked in full, so nobody has decided that the file "
        "may load.",
        "If you trust whoever made the file, switch it on with `--pack NAME` or in a policy file.",
    ),
    "SL010": RuleId(
        "native state in a form that cannot be validated",
        "Compiled code relies on it, and it was not checked.",
        "Load it with the release that wrote it, on a machine without secrets, and dump it again.",
    ),
    "SL011": RuleId(
        "a file in an archive is encrypted",
        _NOT_READ,
        "Unpack the archive with its password, and audit what comes out.",
    ),
    "SL012": RuleId(
        "the process that read the file ended early",
        _NOT_READ,
        "Audit the file alone, on a machine with more memory; if that fails too, do not load it.",
    ),
    "SL013": RuleId(
        "a format that is recognised, but not read in full",
        "Weights in it hold no pickle; what else is in the file was not looked at.",
        "Audit the file with a tool for its format, or load it on a machine without secrets.",
    ),
    "SL101": RuleId(
        "a name that is not on the allow-list",
        "Whatever a file names may run when it is loaded or used.",
        "If the name is your own code, read it and add it to a policy file: `safeload policy learn "
        "FILE` proposes what to add. If nobody knows it, do not load the file.",
    ),
    "SL102": RuleId(
        "an allowed name in a use that is not allowed",
        "A class that may be constructed may not be called, or be kept to be called later.",
        "If it is your own code, allow the use in a policy file.",
    ),
    "SL103": RuleId(
        "an allowed name with arguments that are not allowed",
        "With these arguments it could do more than rebuild a model.",
        _ASK,
    ),
    "SL104": RuleId(
        "a state given to an object that the file did not make",
        "It would change something that the whole process shares.",
        _ASK,
    ),
    "SL105": RuleId(
        "a state that is more than plain attributes",
        "Such a state can replace methods, or run code that the file chooses when it is set.",
        "Let the class's `__getstate__` return a dict of plain attributes.",
    ),
    "SL106": RuleId(
        "items put into an object that must not be given any",
        "The opcodes APPEND and SETITEM call methods of the object.",
        _ASK,
    ),
    "SL107": RuleId(
        "a call of something that the file itself has made",
        "What such a call does cannot be told from names.",
        _ASK,
    ),
    "SL108": RuleId(
        "a function or class that is rebuilt from code in the file",
        "It is code, written by cloudpickle or dill, and would run as it stands.",
        "Move functions and classes to a module that can be imported, and dump the model again.",
    ),
    "SL109": RuleId(
        "a name from a script or notebook",
        "No other program finds it there.",
        "Move it to a module that can be imported, and dump the model again.",
    ),
    "SL110": RuleId(
        "a callable in a place where its kind is not allowed",
        "A model calls what it keeps: each attribute takes only callables that compute what it "
        "asks for.",
        "If the callable is your own, give it a kind in a policy file; docs/policy.md says how.",
    ),
    "SL111": RuleId(
        "a dict key or set member whose hash depends on its state",
        "Its class would compute a hash from whatever state the file gives it.",
        "Use texts, numbers, dates, or tuples of these as keys, and dump the model again.",
    ),
    "SL112": RuleId(
        "code in the configuration of a Keras model",
        "Keras builds functions from it, and the model calls them.",
        "Build the model without Lambda layers and save it again.",
    ),
    "SL113": RuleId(
        "a Keras model that names something outside of Keras",
        "Whatever is imported by that name would be called with arguments from the file.",
        "If it is a layer of your own, review its code and load the model in your own program.",
    ),
    "SL201": RuleId("the stream ends before its STOP opcode", "It is truncated.", _REPLACE),
    "SL202": RuleId(
        "bytes follow the end of the stream", "Another reader may execute them.", _REPLACE
    ),
    "SL203": RuleId("a byte that is not an opcode", "The stream is damaged or forged.", _REPLACE),
    "SL204": RuleId("an opcode without its operand", "The stream is damaged or forged.", _REPLACE),
    "SL205": RuleId(
        "the memo is used as no pickler uses it", "The stream is damaged or forged.", _REPLACE
    ),
    "SL206": RuleId(
        "an extension code",
        "The name that it stands for is in a registry of the process that loads it.",
        _ASK,
    ),
    "SL207": RuleId(
        "a persistent ID",
        "Persistent IDs are not supported: what one stands for is up to whoever loads the file.",
        _REPLACE,
    ),
    "SL208": RuleId(
        "frames that do not match the opcodes",
        "Programs disagree about what such a stream does.",
        _ASK,
    ),
    "SL209": RuleId("array padding that joblib does not write", "Bytes can hide in it.", _ASK),
    "SL210": RuleId(
        "an array that is not written the way joblib writes it",
        "Programs disagree about which bytes are the array.",
        _ASK,
    ),
    "SL211": RuleId(
        "a literal that no pickler writes",
        "Programs disagree about its value.",
        _ASK,
    ),
    "SL212": RuleId("a length leads beyond the end of the file", "It is truncated.", _REPLACE),
    "SL213": RuleId(
        "a PROTO opcode within the stream, or a protocol that does not exist",
        "Programs disagree about what such a stream does.",
        _ASK,
    ),
    "SL214": RuleId(
        "the opcode DUP, which no pickler writes", "The stream was written by hand.", _ASK
    ),
    "SL215": RuleId(
        "an array wrapper that is used without its array",
        "Programs disagree about which bytes are the array.",
        _ASK,
    ),
    "SL216": RuleId(
        "the name of a class or function is computed",
        "It would not be known before the file is loaded.",
        _ASK,
    ),
    "SL217": RuleId(
        "an object that is changed after it was used",
        "What was checked would not be what is loaded.",
        _ASK,
    ),
    "SL301": RuleId(
        "a damaged compressed stream", "Programs disagree about what it holds.", _REPLACE
    ),
    "SL302": RuleId(
        "a damaged or forged archive", "Programs disagree about which files it holds.", _REPLACE
    ),
    "SL303": RuleId("a skops schema that is not JSON", "It is damaged.", _REPLACE),
    "SL304": RuleId(
        "a node in a skops file that skops does not write",
        "It is not known what skops would make of it.",
        _ASK,
    ),
    "SL305": RuleId(
        "an array that is not written the way numpy writes it",
        "Programs disagree about what it is.",
        _REPLACE,
    ),
    "SL306": RuleId(
        "a storage of a torch checkpoint that does not match what the stream says",
        "torch would read memory beyond its bytes, or bytes that were not checked.",
        _REPLACE,
    ),
    "SL307": RuleId(
        "weights that do not follow their format",
        "Programs disagree about what is in the file.",
        _REPLACE,
    ),
    "SL308": RuleId(
        "a path that leads out of the model's folder",
        "Loading the model would read another file, or an address, that the file chooses.",
        _ASK,
    ),
    "SL401": RuleId(
        "native state that is not valid",
        "Compiled code relies on indices, sizes and types; these would make it read or write "
        "memory that is not its own, or never end.",
        _ASK,
    ),
    "SL501": RuleId(
        "a virus scanner reports the file",
        "It matches a signature of ClamAV, which looks for known malware in files of any kind.",
        _ASK,
    ),
    "SL901": RuleId(
        "a warning by fickling",
        "A second opinion on the decompiled program; it leaves the verdict as it is.",
        "Read the program: `safeload explain FILE` shows it.",
    ),
    "SL902": RuleId(
        "two files of an archive have the same name",
        "Programs differ in which of them they read; both were checked.",
        "Ask whoever made the archive which one is meant.",
    ),
    "SL903": RuleId(
        "a chat template in a file of weights",
        "It is a program, which whoever runs the model runs; it leaves the verdict as it is.",
        "Read the template, and run the model with one of your own.",
    ),
    "SL904": RuleId(
        "a pickle within bytes or text",
        "Whoever unpickles it runs what it names; the verdict does not cover that.",
        "Look at the names in the message, and at what reads those bytes.",
    ),
    "SL905": RuleId(
        "text that looks like code",
        "Something may compile or run it later; the verdict does not cover that.",
        "Read the text, and find out who uses it.",
    ),
    "SL906": RuleId(
        "an address within a model",
        "A model seldom needs one; it may be where something is fetched from.",
        "Find out what the address is for.",
    ),
    "SL907": RuleId(
        "a name that is one letter away from a well-known one",
        "Packages with such names have been published to be installed by mistake.",
        "Compare the name letter by letter with the one you expect.",
    ),
    "SL908": RuleId(
        "a call whose result is not used",
        "Somebody who writes a stream by hand may add a call only for its effect.",
        "See what the call does: `safeload explain FILE` shows the program.",
    ),
    "SL909": RuleId(
        "a file with too many objects to look for signs",
        "The search for signs is bounded.",
        "Nothing; the verdict covers the whole file.",
    ),
}

_UNKNOWN = RuleId("a rule that this release does not know", "", "")
# What is said in the place of a rule's own words, where the finding weighs more than others.
_HEAVIER = {
    ("SL101", Weight.ATTACK): RuleId(
        "a name that is known to do harm, or to deceive",
        "Models do not need it; attacks on whoever loads a model do.",
        "",
    ),
    ("SL101", Weight.SUSPECT): RuleId(
        "a name that is not on the allow-list, and that models seldom need",
        "Whatever a file names may run when it is loaded or used.",
        "Do not load the file before whoever made it has said what the name is for; allow it in a "
        "policy file only after reading its code.",
    ),
}
_KEEP = (
    "Do not load the file. Keep it for whoever investigates, with where it came from, and treat "
    "what has loaded it as compromised."
)


def about(rule: str, weight: Weight = Weight.ORDINARY) -> RuleId:
    """What people are told of findings under a rule.

    Args:
        rule: Identifier such as ``"SL101"``.
        weight: That of the findings. What to do about an attack is the same under every rule.
    """
    found = _HEAVIER.get((rule, weight)) or RULE_IDS.get(rule, _UNKNOWN)
    return replace(found, remedy=_KEEP) if weight is Weight.ATTACK else found
