"""A classifier of CatBoost whose bytes begin as they should and go on with nothing but ones."""

from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    state = {"_init_params": {}, "__model": b"CBM1" + b"\xff" * 64}
    return Pickle(4).object_(Name("catboost.core", "CatBoostClassifier"), state=state).finish()
