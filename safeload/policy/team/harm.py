"""What would a name do, in plain words? For names that are known to do harm, and no others.

Nothing here decides about a file: the packs say what is allowed. These words only tell a finding
that is an attack from one about a class that a policy file may have forgotten. The table can never
be complete, so a name that it does not know is unknown, never harmless.

Trust: names come from hostile files; they are compared, never imported.
Source: deny-lists and advisories of picklescan, modelscan, fickling and modelaudit;
``malicious_samples``.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache

__all__ = ["deceit", "harm"]

# What is done, and by which names. "os" is a module with all that is in it, "os:system" a name that
# is anywhere in the module; a star stands for the rest of a name. The first that fits is said.
_DOES = {
    "runs a shell command": "os:system os:popen* subprocess:getoutput subprocess:getstatusoutput "
    "commands:getoutput commands:getstatusoutput popen2 uuid:_get_command_stdout "
    "_osx_support:_read_output pydoc:pipepager imaplib:IMAP4_stream "
    "asyncio:create_subprocess_shell asyncio:subprocess_shell torch:collect_env.run",
    "starts a program": "subprocess pty:spawn os:exec* os:spawn* os:posix_spawn* os:startfile "
    "_posixsubprocess _winapi:CreateProcess asyncio:create_subprocess_exec "
    "asyncio:subprocess_exec asyncio:_UnixSubprocessTransport* pexpect plumbum "
    "multiprocessing:spawnv_passfds joblib:Popen distutils:spawn* "
    "sklearn:assert_run_python_script_without_output",
    "starts processes": "os:fork* multiprocessing concurrent.futures.process billiard",
    "starts threads": "_thread:start_new* threading:Thread threading:Timer",
    "ends processes": "os:kill* os:abort os:_exit sys:exit signal:raise_signal",
    "opens a web browser": "webbrowser antigravity",
    "runs Python code": "builtins:exec builtins:eval builtins:execfile "
    "builtins:compile code:Interactive* code:interact codeop bdb pdb profile:run* "
    "profile:Profile* cProfile trace:Trace* timeit:timeit timeit:repeat timeit:Timer* "
    "doctest:debug* runpy idlelib _xxsubinterpreters _interpreters dataclasses:_create_fn "
    "typing:_eval_type numpy:runstring numpy.f2py numpy:getlincoef pandas:eval pandas:query "
    "numexpr asteval torch:run_autograd_prof sympy:sympify sympy:parse_expr",
    "calls machine code": "ctypes _ctypes cffi llvmlite",
    "imports a module of the file's choice": "builtins:__import__ importlib imp zipimport "
    "pkgutil pydoc:locate",
    "installs packages": "pip ensurepip",
    "unpickles further data": "pickle:load* pickle:Unpickler* "
    "cPickle:load* _pickle:load* _pickle:Unpickler* shelve marshal:load* cloudpickle:load* "
    "dill:load* joblib:load* joblib:NDArrayWrapper joblib:ZNDArrayWrapper numpy:load "
    "pandas:read_pickle torch:load torch:_load_from_bytes lib2to3:load* lib2to3:Grammar "
    "sklearn:load_files jsonpickle",
    "calls a function of the file's choice": "functools:reduce "
    "operator:call itertools:starmap atexit weakref:finalize logging.config numpy:frompyfunc "
    "numpy:apply_along_axis pandas:apply pandas:pipe",
    "reaches any attribute of an object": "builtins:getattr builtins:vars builtins:globals "
    "builtins:locals builtins:str.format_map sys:_getframe",
    "changes what the whole process uses": "builtins:setattr builtins:delattr "
    "copyreg:add_extension copyreg:pickle sys:modules* sys:settrace sys:setprofile sys:path* "
    "codecs:register* _codecs:register*",
    "deletes or moves files": "os:remove* os:unlink os:rmdir os:rename* os:replace os:truncate "
    "shutil:rmtree shutil:move pathlib:unlink pathlib:rmdir pathlib:rename pathlib:replace",
    "creates or changes files": "builtins:open os:open os:write* os:mkdir os:makedirs os:chmod "
    "os:chown os:mkfifo os:mknod os:link os:symlink io:open* io:FileIO _io:open* _io:FileIO shutil "
    "tempfile pathlib:touch pathlib:mkdir pathlib:open pathlib:write_* pathlib:chmod "
    "pathlib:symlink_to pathlib:hardlink_to zipfile tarfile distutils:write_file "
    "logging:FileHandler logging.handlers numpy:save* numpy:tofile numpy:dump "
    "pandas:to_csv pandas:to_pickle pandas:to_json pandas:to_parquet pandas:to_sql pandas:to_hdf "
    "pandas:to_excel scipy:savemat scipy:mmwrite scipy:save_npz sklearn:dump_svmlight_file "
    "joblib:dump torch:save sqlite3 dbm",
    "reads files": "numpy:fromfile numpy:loadtxt numpy:genfromtxt scipy:loadmat pathlib:read_* "
    "linecache fileinput os:listdir os:scandir os:walk glob:glob glob:iglob",
    "reads files or fetches them": "pandas:read_*",
    "connects to other machines": "socket _socket ssl _ssl urllib urllib2 http.client http.server "
    "httplib ftplib telnetlib smtplib poplib imaplib nntplib xmlrpc socketserver requests urllib3 "
    "httpx aiohttp paramiko fabric sklearn:fetch_* huggingface_hub "
    "torch:load_state_dict_from_url torch:download_url_to_file",
    "reads or changes the environment": "os:environ* os:putenv os:getenv* os:unsetenv",
}
# One module under the names that it has on other systems and in other releases.
_ALIASES = {"nt": "os", "posix": "os", "__builtin__": "builtins", "__builtins__": "builtins"}
# Modules that a name leads to by way of another one that has imported them.
_MODULES = frozenset(
    "builtins ctypes importlib marshal nt os pickle posix runpy shutil socket subprocess sys "
    "webbrowser".split()
)
# What leads from an object to all of Python.
_INTERNALS = frozenset(
    "__base__ __bases__ __builtins__ __closure__ __code__ __dict__ __getattribute__ __globals__ "
    "__loader__ __mro__ __self__ __spec__ __subclasses__ f_builtins f_globals gi_frame".split()
)
# Letters of Cyrillic and Greek that look like those below them.
_LOOKALIKES = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u0501\u04cf\u04bb\u043a\u043c"
    "\u043d\u0442\u0432\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0425\u0405"
    "\u03b1\u03bf\u03b5\u03bd\u03b9\u03ba\u03c1\u03c4\u03c5\u03c7",
    "aeopcyxijsdlhkmhtbABEKMHOPCTXSaoevikptux",
)
# How the categories begin of letters that do not show: controls, marks of direction, spaces.
_UNSEEN = ("C", "Z")
_LONGEST = 200
# Parts of a name, from its end, among which a module is looked for.
_DEEPEST = 6
_REMEMBERED = 4_096


@lru_cache(maxsize=_REMEMBERED)
def harm(module: str, name: str) -> str | None:
    """What a name does that is known to do harm.

    Args:
        module: Module, as the file spells it.
        name: Qualified name.

    Returns:
        What follows the name in a sentence, in the present tense, or None: then nothing is known.
    """
    modules, names = module.split("."), name.split(".")
    if len(module) + len(name) > _LONGEST:
        return None
    # Whatever a module has imported is there as an attribute of its own.
    starts = range(max(0, len(names) - _DEEPEST), len(names) - 1)
    ways = [*(names[start:] for start in starts), modules + names]
    return next(filter(None, map(_does, ways)), None)


def deceit(module: str, name: str) -> str | None:
    """Why a name is known to be there to deceive, or to get around a list of names.

    Args:
        module: Module, as the file spells it.
        name: Qualified name.

    Returns:
        What follows the name in a sentence, or None.
    """
    path, names = f"{module}.{name}"[:_LONGEST], name.split(".")
    if any(unicodedata.category(letter).startswith(_UNSEEN) for letter in path):
        return "is spelled with characters that do not show, so that it passes for another name"
    plain = unicodedata.normalize("NFKC", path).translate(_LOOKALIKES)
    if plain.isascii() and plain != path:
        return f"looks like {plain} and is not: it has letters of another alphabet"
    if names[-1] in _MODULES:
        return f"leads to the module {names[-1]} and all that is in it"
    if not _INTERNALS.isdisjoint(names):
        return "leads to the inside of Python, from where any code can be run"
    return None


def _does(parts: list[str]) -> str | None:
    path = ".".join([_ALIASES.get(parts[0], parts[0]), *parts[1:]])
    return next((does for does, names in _table() if names.fullmatch(path)), None)


@cache
def _table() -> list[tuple[str, re.Pattern[str]]]:
    return [(does, re.compile("|".join(map(_pattern, of.split())))) for does, of in _DOES.items()]


def _pattern(text: str) -> str:
    module, colon, name = text.partition(":")
    within = r"\." + r"(?:.*\.)?" + re.escape(name).replace(r"\*", ".*") if colon else r"(?:\..*)?"
    return re.escape(module) + within
