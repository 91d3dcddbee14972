"""Names that a team's policy file should not hold, and names that deserve a second look.

The packs say what is allowed; nothing here decides about a file. These lists only keep a proposal
from offering, and a review from passing over, what is known to run, open, import, connect, build
or evaluate. They can never be complete, which is why a person reads every entry.

Trust: names come from hostile files or from a team; they are compared, never imported.
Source: ``tools/reviewed/*.toml``; deny-lists and advisories of picklescan, modelscan, fickling and
modelaudit.
"""

from __future__ import annotations

import re
import sys
from _compat_pickle import IMPORT_MAPPING
from functools import lru_cache

from safeload.policy.code_by_value import is_code
from safeload.policy.packs import opt_in_packs
from safeload.policy.policy import Policy
from safeload.policy.team.harm import deceit, harm

__all__ = ["COMPUTING", "FROM_A_SCRIPT", "SCRIPTS", "STANDARD", "doubt", "gadget", "is_covered"]

# Modules of Python's own that compute and do nothing else.
COMPUTING = frozenset(
    "array base64 binascii bisect calendar cmath collections colorsys datetime decimal difflib "
    "enum fractions hashlib heapq html ipaddress itertools json keyword math numbers random re "
    "statistics string struct textwrap unicodedata uuid zlib zoneinfo".split()
)
# Python's own under the names of other releases and systems.
_ELSEWHERE = frozenset(
    "_interpreters _overlapped _winapi _xxsubinterpreters aifc asynchat asyncore cgi cgitb "
    "commands crypt distutils ensurepip imp lib2to3 mailcap msilib msvcrt nis nntplib nt pipes "
    "popen2 posix pwd smtpd spwd telnetlib winreg xdrlib".split()
)
STANDARD = sys.stdlib_module_names | _ELSEWHERE | frozenset(IMPORT_MAPPING)
# Libraries whose business is to run, load, build, connect, evaluate or install.
_ACTING = frozenset(
    "_pytest aiohttp asteval asyncssh billiard boto3 botocore celery cffi cloudpickle dask dill "
    "diskcache distributed django docker fabric fastapi fickling fire flask fsspec future gcsfs "
    "gevent git httpx huggingface_hub invoke ipykernel IPython jinja2 jsonpickle jupyter_client "
    "keras llvmlite loky mako mlflow multiprocess nose numba numexpr paramiko past pathos pexpect "
    "pip pkg_resources plumbum pox psutil ptyprocess pyspark pytest ray redis requests s3fs "
    "safeload setuptools sh six skops smart_open sqlalchemy sympy tensorflow theano tornado "
    "transformers urllib3 werkzeug wheel win32api win32com yaml zmq".split()
)
# Parts of libraries that read, write, build, test or fetch.
_ACTING_PARTS = tuple(
    "joblib. numpy.ctypeslib. numpy.distutils. numpy.f2py. numpy.lib._npyio numpy.lib.format. "
    "numpy.lib.npyio. numpy.testing. pandas.io. pandas.core.computation. scipy._external. "
    "scipy._lib. scipy.datasets. scipy.io. sklearn.datasets. sklearn.externals. "
    "sklearn.utils._testing. sklearn.utils.parallel.".split()
)
# Of torch, what computes.
_TORCH = frozenset(["nn", "optim"])
# Modules that many a module imports, and so offers under its own name.
_REACHED = frozenset(
    "__builtin__ asyncio atexit builtins ctypes importlib joblib marshal multiprocessing np ntpath "
    "numpy os pandas pathlib pd pdb pickle posix posixpath pty runpy scipy shutil sklearn socket "
    "subprocess sys sysconfig tempfile threading urllib webbrowser".split()
)
# Words for what reads, writes, runs, imports or fetches, whatever it belongs to.
_VERBS = frozenset(
    "Popen apply_along_axis call check_call check_output command compile delattr download eval "
    "exec execfile execute fetch fork format_map fromfile frompyfunc getattr getoutput "
    "getstatusoutput import_module import_string install main map memmap methodcaller mmap open "
    "popen reduce remove rename resolve_name rmtree setattr shell startfile system tofile touch "
    "unlink urlopen urlretrieve".split()
)
_BEGINNINGS = re.compile(
    r"_?(dumps?|eval|exec|fetch|load|loads|open|read|run|save|savez|spawn[lv]?[ep]*|to_(csv|pickle"
    r"|json|sql|parquet|hdf)|unpickle|write)(txt|_.*|code|call|ctx|source|string)?"
)
# What a module is called while Python runs it as a program, and what is said of names in it.
SCRIPTS = frozenset(["__main__", "__mp_main__"])
FROM_A_SCRIPT = (
    "was defined in a script or notebook, where no other program finds it; move it to a module "
    "that can be imported and dump the model again"
)
_LONGEST = 200
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def gadget(module: str, name: str) -> str | None:
    """Why nobody should add this name to a list.

    Args:
        module: Module, as it would be imported.
        name: Qualified name.

    Returns:
        What follows the name in a sentence, or None if nothing speaks against it.
    """
    modules, names = module.split("."), name.split(".")
    top = modules[0]
    known = deceit(module, name) or harm(module, name)
    if known is not None:
        return known
    if len(module) + len(name) > _LONGEST or not all(map(_WORD.fullmatch, modules + names)):
        return "is not a usual name in Python, and may be there to deceive"
    if module in SCRIPTS:
        return FROM_A_SCRIPT
    if is_code(module, name):
        return "rebuilds code that the file itself brings along; no list can say what it does"
    if any(part.startswith("__") and part.endswith("__") for part in modules + names):
        return "uses a name that Python reserves for itself"
    if top in STANDARD and (top not in COMPUTING or names[0].startswith("_")):
        return f"belongs to Python's module {top}, and the built-in allow-lists leave it out"
    if f"{module}.{name}.".startswith(_ACTING_PARTS):
        return f"belongs to a part of {top} that reads, writes, builds or fetches"
    if top in _ACTING or (top == "torch" and _TORCH.isdisjoint(modules[1:2])):
        return f"belongs to {top}, which loads, runs, builds or connects"
    reached = next((part for part in modules[1:] + names if part in _REACHED), None)
    if reached is not None:
        return f"reaches the module {reached} through another one"
    if _is_known(top) and _acts(names[-1]):
        return (
            "reads, writes or runs, judging by its name, and the built-in allow-lists leave it out"
        )
    if top.casefold() != top and _is_known(top.casefold()):
        return f"looks like {top.casefold()} and is not"
    return None


def doubt(module: str, name: str) -> str | None:
    """Why a person has to look twice before adding this name, or None.

    Args:
        module: Module, as it would be imported.
        name: Qualified name, for which :func:`gadget` has nothing to say.

    Returns:
        What follows the name in a sentence, or None.
    """
    top, names = module.split(".")[0], name.split(".")
    if _is_known(top):
        return (
            f"belongs to {top}, which the built-in allow-lists cover: it was left out on purpose, "
            "or is newer than they are"
        )
    if any(owner.lstrip("_")[:1].islower() for owner in names[:-1]):
        return "is reached through something that is not a class, judging by its name"
    if _acts(names[-1]):
        return "reads, writes or runs, judging by its name"
    return None


def is_covered(module: str) -> bool:
    """Whether a module belongs to a library that a built-in allow-list has names of."""
    return _is_known(module.partition(".")[0])


def _acts(name: str) -> bool:
    return name in _VERBS or _BEGINNINGS.fullmatch(name) is not None


def _is_known(top: str) -> bool:
    return top in _covered()


@lru_cache(maxsize=1)
def _covered() -> frozenset[str]:
    """The top-level packages that the packs have names of."""
    every = Policy.default(packs=opt_in_packs())
    return frozenset(module.split(".")[0] for module, _ in every.entries)
