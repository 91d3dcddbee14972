"""Every estimator of the installed scikit-learn, where its own list wants libraries for tests.

In the grammar that Python 2.7 and 3 share.
"""

import importlib
import inspect
import pkgutil

import sklearn
from sklearn.base import BaseEstimator

__all__ = ["all_estimators"]

_LEFT_OUT = ("_build_utils", "conftest", "externals", "setup", "testing", "tests")


def all_estimators():
    """Names and classes of all estimators, in order."""
    found = {}
    for _, name, _ in pkgutil.walk_packages(sklearn.__path__, "sklearn.", lambda name: None):
        if any(part in _LEFT_OUT for part in name.split(".")):
            continue
        try:
            module = importlib.import_module(name)
        except ImportError:
            continue
        for cls in vars(module).values():
            if (
                inspect.isclass(cls)
                and issubclass(cls, BaseEstimator)
                and cls.__module__.startswith("sklearn.")
                and not inspect.isabstract(cls)
                and not cls.__name__.lstrip("_").startswith("Base")
            ):
                found[cls.__name__] = cls
    return sorted(found.items())
