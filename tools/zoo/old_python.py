"""Write models with Python 2.7 and 3.6: ``python2.7 old_python.py FOLDER``.

As ``write.py`` does, with fewer objects and in the grammar that all releases of Python share; with
Python 2, each object is pickled by either pickler, because they do not write the same. Where
scikit-learn has a joblib of its own, that writes a file as well.

Python 2.7 and later, scikit-learn 0.20.
"""

from __future__ import print_function

import collections
import datetime
import decimal
import fractions
import io
import json
import operator
import os
import pickle
import platform
import re
import sys
import uuid
import warnings

import joblib
import numpy as np
import pandas as pd
import scipy
import sklearn
from found import all_estimators
from scipy import interpolate, sparse, stats
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.neighbors import BallTree, KDTree, KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

try:
    import cPickle
except ImportError:
    cPickle = pickle

try:
    from sklearn.externals import joblib as vendored
except ImportError:
    vendored = joblib

R = np.random.RandomState(0)
X = R.uniform(0.1, 3.0, (60, 4))
SIGNAL = X.dot([1.0, -2.0, 0.5, 0.0])
CLASSES = np.digitize(SIGNAL, np.percentile(SIGNAL, [33, 66]))
NUMBERS = SIGNAL - SIGNAL.min() + 0.1
TEXT = ["a red model", "a blue model", "two red pickles", "no pickle at all"] * 15
FITS = {
    "CountVectorizer": (TEXT, None),
    "HashingVectorizer": (TEXT, None),
    "TfidfVectorizer": (TEXT, None),
    "DictVectorizer": ([{"colour": "red", "size": 1.0}, {"size": 2.0}], None),
    "FeatureHasher": ([{"colour": "red", "size": 1.0}], None),
    "LabelBinarizer": (["red", "green", "red"], None),
    "LabelEncoder": (["red", "green", "red"], None),
    "MultiLabelBinarizer": ([("red", "small"), ("blue",)], None),
    "OneHotEncoder": ([["a", 1], ["b", 2]], None),
    "IsotonicRegression": (X[:, 0], NUMBERS),
    "KernelCenterer": (X.dot(X.T), None),
    "PatchExtractor": (R.uniform(size=(2, 6, 6)), None),
    "SparseCoder": (X, None),
}
WRAPPED = {
    "ClassifierChain": LogisticRegression(), "OneVsRestClassifier": LogisticRegression(),
    "OneVsOneClassifier": LogisticRegression(), "OutputCodeClassifier": LogisticRegression(),
    "MultiOutputClassifier": LogisticRegression(), "SelectFromModel": Ridge(), "RFE": Ridge(),
    "RFECV": Ridge(), "MultiOutputRegressor": Ridge(), "RegressorChain": Ridge(),
}


def estimator(name, cls):
    def make():
        if name == "SparseCoder":
            model = cls(np.eye(4))
        elif name == "GridSearchCV":
            model = cls(Ridge(), {"alpha": [0.1, 1.0]}, cv=3)
        elif name == "RandomizedSearchCV":
            model = cls(Ridge(), {"alpha": stats.uniform(0.1, 2.0)}, n_iter=3, cv=3)
        elif name == "VotingClassifier":
            model = cls([("a", LogisticRegression()), ("b", DecisionTreeClassifier())])
        elif name == "ColumnTransformer":
            model = cls([("a", StandardScaler(), [0, 1])])
        elif name == "FeatureUnion":
            model = cls([("a", StandardScaler())])
        elif name == "Pipeline":
            model = cls([("a", StandardScaler()), ("b", LogisticRegression())])
        else:
            model = cls(*([WRAPPED[name]] if name in WRAPPED else []))
        known = model.get_params(deep=False)
        for key, value in (("random_state", 0), ("n_estimators", 5), ("max_iter", 20)):
            if key in known and not (key == "max_iter" and "CV" in name):
                model.set_params(**{key: value})
        rows, target = FITS.get(name, (X, None if name in FITS else (
            CLASSES if sklearn.base.is_classifier(model) else NUMBERS)))
        if name.startswith(("MultiTask", "PLS", "CCA", "MultiOutputR", "RegressorChain")):
            target = np.column_stack([NUMBERS, X[:, 3]])
        if name in ("MultiOutputClassifier", "ClassifierChain"):
            target = np.column_stack([CLASSES > 1, X[:, 0] > 1]).astype(int)
        return model.fit(rows, target) if target is not None else model.fit(rows)
    return make


FRAME = lambda: pd.DataFrame({
    "age": [1.0, 2.0, np.nan], "port": ["S", None, "Q"], "n": [1, 2, 3],
    "cat": pd.Categorical(["a", "b", "a"]), "when": pd.to_datetime(["2016-01-02", None, "2017-01-01"]),
    "flag": [True, False, True], u"\xe9": [u"\xe9", "b", u"c"]})
VALUES = {
    "plain": lambda: [1, 2**40, -2**70, 1.0, 1.5, 1e300, float("inf"), float("nan"), -0.0, True, None,
                      "text", u"t\xe9xt", b"\xff\xfe", 1j, (1,), {"a": 1}, set([1]), frozenset("ab"), slice(1, 2)],
    "bytearray": lambda: bytearray(b"ab\xff"),
    "containers": lambda: [collections.OrderedDict([("a", 1)]), collections.defaultdict(list, a=[1]),
                           collections.Counter("abca"), collections.deque([1, 2], 5)],
    "moments": lambda: [datetime.date(2016, 1, 2), datetime.datetime(2016, 1, 2), datetime.time(3, 4),
                        datetime.timedelta(1, 2)],
    "numbers": lambda: [decimal.Decimal("1.50"), fractions.Fraction(1, 3), uuid.UUID(int=5)],
    "functions": lambda: [len, max, operator.add, operator.itemgetter],
    "types": lambda: [int, float, str, bool, object, dict, type(u""), type(1), datetime.datetime],
    "none_type": lambda: type(None),
    "singletons": lambda: [Ellipsis, NotImplemented],
    "singleton_types": lambda: [type(Ellipsis), type(NotImplemented)],
    "pattern": lambda: re.compile(r"(?i)\b\w\w+\b"),
    "unicode_pattern": lambda: re.compile(u"(?u)\\b\\w\\w+\\b"),
    "arrays": lambda: [np.arange(4).astype(k) for k in "? b B h H i I l L q Q e f d g F D G".split()],
    "arrays_ascii": lambda: [np.frombuffer(b"ABCDEFGH" * 2, "f8"), np.zeros(3), np.array([[1, 2]], "i1"), np.array(b"abc"), np.zeros((0, 3))],
    "arrays_of_text": lambda: [np.array([u"a", u"b\xe9"]), np.array([b"a", b"bcd"]), np.array([b"\xff"])],
    "arrays_of_objects": lambda: [np.array(["a", None, u"\xe9", 1.5, b"\xe9"], object), np.array([], object)],
    "arrays_of_records": lambda: [np.array([(1, 2.5, b"a")], [("i", "<i4"), ("f", "<f8"), ("s", "S3")]),
                                  np.array([(1, "a")], [("i", "i4"), ("o", "O")])],
    "arrays_of_times": lambda: [np.array(["2016-01-02", "NaT"], "M8[D]"), np.array([1, 2], "m8[ns]")],
    "arrays_of_order": lambda: [np.arange(4, dtype=">f8"), np.asfortranarray(np.arange(6.).reshape(2, 3))],
    "array_masked": lambda: np.ma.array([1.0, 2.0], mask=[False, True]),
    "matrix": lambda: np.matrix([[1.0, 2.0]]),
    "array_large": lambda: np.arange(20000.0).reshape(100, 200),
    "scalars": lambda: [np.float64(1.5), np.float64(0), np.int8(65), np.int64(7), np.bool_(1), np.str_("a"), np.bytes_(b"b\xff"),
                        np.unicode_(u"\xe9"), np.datetime64("2016-01-02"), np.complex64(1j), np.float32(2), np.longdouble(1)],
    "dtypes": lambda: [np.dtype("f8"), np.dtype(">i4"), np.dtype("U7"), np.dtype([("a", "i4"), ("b", "O")]), np.float32, np.dtype(("f8", (2,)))],
    "ufuncs": lambda: [np.log1p, np.add, np.exp],
    "numpy_functions": lambda: [np.mean, np.median, np.linalg.norm],
    "special_ufuncs": lambda: [scipy.special.expit, scipy.special.logit],
    "random_state": lambda: np.random.RandomState(3),
    "random_global": lambda: np.random.mtrand._rand,
    "interpolators": lambda: [interpolate.interp1d(np.arange(6.0), np.arange(6.0) ** 2)],
    "splines": lambda: [interpolate.CubicSpline(np.arange(6.0), np.arange(6.0) ** 2)],
    "frozen": lambda: [stats.norm(1.0, 2.0), stats.gamma(2.0), stats.binom(5, 0.5), stats.randint(0, 5)],
    "distributions": lambda: [stats.norm, stats.t, stats.poisson],
    "frame": FRAME,
    "series": lambda: FRAME()["age"],
    "categorical": lambda: pd.Series(["a", "b", "a"], dtype="category"),
    "indexes": lambda: [pd.Index(["a", "b"]), pd.Index([1, 2]), pd.RangeIndex(3), pd.Index([1.5]), pd.CategoricalIndex(["a", "b"]),
                        pd.DatetimeIndex(["2016-01-02"]), pd.TimedeltaIndex(["1D"])],
    "multi_index": lambda: pd.DataFrame({"a": [1, 2]}, index=pd.MultiIndex.from_tuples([("x", 1), ("y", 2)], names=["k", "n"])),
    "scalars_of_pandas": lambda: [pd.Timestamp("2016-01-02"), pd.Timedelta("1D"), pd.NaT],
    "pipeline": lambda: make_pipeline(StandardScaler(), LogisticRegression()).fit(X, CLASSES),
    "classes_of_text": lambda: LogisticRegression().fit(X, np.array(["low", "mid", "high"])[CLASSES]),
    "forest_of_text": lambda: RandomForestClassifier(5, random_state=0).fit(X, np.array(["low", "mid", "high"], object)[CLASSES]),
    "text": lambda: make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(TEXT, np.arange(60) % 2),
    "text_unicode": lambda: TfidfVectorizer().fit([u"caf\xe9 noir", u"th\xe9 vert"]),
    "function_of_ufunc": lambda: FunctionTransformer(np.log1p, validate=False),
    "trees": lambda: [KDTree(X), BallTree(X), BallTree(X, metric="manhattan")],
    "neighbours": lambda: KNeighborsClassifier(3, algorithm="kd_tree").fit(X, CLASSES),
    "search": lambda: RandomizedSearchCV(SVC(), {"C": stats.expon(0.1)}, n_iter=2, cv=3, random_state=0).fit(X, CLASSES),
    "columns": lambda: ColumnTransformer([("a", StandardScaler(), ["age"]), ("b", OneHotEncoder(), ["n"])]).fit(FRAME().fillna(0)),
    "kmeans": lambda: KMeans(2, n_init=1).fit(X),
    "boosting": lambda: GradientBoostingClassifier(n_estimators=3).fit(X, CLASSES),
}
for FORM in ("bsr", "coo", "csc", "csr", "dia", "dok", "lil"):
    VALUES["sparse_" + FORM] = (lambda form: lambda: getattr(sparse, form + "_matrix")(np.eye(4)))(FORM)


def write(path, data):
    with io.open(path, "wb") as file:
        file.write(data)


def forms(folder, name):
    def of(pickler, protocol):
        return lambda thing, path: write(path, pickler.dumps(thing, protocol))
    found = {"joblib": lambda thing, path: joblib.dump(thing, path),
             "joblib-zlib": lambda thing, path: joblib.dump(thing, path, compress=("zlib", 3)),
             "joblib-of-sklearn": lambda thing, path: vendored.dump(thing, path)}
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        found["pickle-%d" % protocol] = of(pickle, protocol)
        if cPickle is not pickle:
            found["cpickle-%d" % protocol] = of(cPickle, protocol)
    return found


def main(folder):
    if not os.path.isdir(folder):
        os.makedirs(folder)
    warnings.simplefilter("ignore")
    makers = [(name, estimator(name, cls)) for name, cls in all_estimators()]
    makers += sorted(VALUES.items())
    files, skipped = [], {}
    for name, make in makers:
        np.random.seed(0)
        try:
            thing = make()
        except Exception as error:
            skipped[name] = "%s: %s" % (type(error).__name__, str(error)[:200])
            continue
        for form, dump in sorted(forms(folder, name).items()):
            file = name + "." + form
            try:
                dump(thing, os.path.join(folder, file))
            except Exception as error:
                skipped[file] = "%s: %s" % (type(error).__name__, str(error)[:200])
                continue
            files.append({"file": file, "object": name, "form": form, "data": None})
    versions = {"python": platform.python_version(), "scikit-learn": sklearn.__version__, "numpy": np.__version__,
                "scipy": scipy.__version__, "joblib": joblib.__version__, "pandas": pd.__version__}
    with open(os.path.join(folder, "index.json"), "w") as file:
        json.dump({"versions": versions, "files": files, "skipped": skipped}, file, indent=1, sort_keys=True)
    print(len(files), "files; left out:", {k: v[:60] for k, v in skipped.items()})


if __name__ == "__main__":
    main(sys.argv[1])
