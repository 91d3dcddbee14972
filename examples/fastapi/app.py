"""A signed model behind FastAPI.

    MODEL=churn.joblib NAME=churn TRUST=trust.toml uvicorn app:app

The model is loaded when the server starts, and anew on SIGHUP (``kill -HUP``), which only whoever
runs the server can send. A model that is refused is never served: the one before it goes on, and
where there is none, the server answers 503. What is served says who signed it, at ``/model``.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel, Field

import safeload

LOG = logging.getLogger("uvicorn.error")


@dataclass(frozen=True)
class Served:
    """A model and who signed it, as one object: a request sees one release from start to end."""

    model: Any
    signed: safeload.Provenance


class Service:
    """What is served now."""

    def __init__(self) -> None:
        self.served: Served | None = None

    def load(self) -> None:
        """Load the model; if it is refused, go on with the one before."""
        try:
            model = safeload.load(
                os.environ["MODEL"],
                trust=os.environ.get("TRUST"),
                ledger=os.environ.get("LEDGER"),
                name=os.environ["NAME"],
            )
            signed = safeload.provenance(model)
            if signed is None:
                LOG.error("refused: no estimator that can be served")
                return
        except safeload.SafeloadError as error:
            goes_on = "nothing is served" if self.served is None else "the model before goes on"
            LOG.warning("refused (%s): %s; %s", error.code, error.message, goes_on)
            return
        self.served = Served(model, signed)
        LOG.info("serving %r", signed)

    def now(self) -> Served:
        """What is served, or 503."""
        if self.served is None:
            raise HTTPException(503, "no model is served")
        return self.served


SERVICE = Service()


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Load at the start, and whenever the signal comes."""
    await asyncio.to_thread(SERVICE.load)
    # One at a time: what was asked for last is loaded last.
    lock, tasks = asyncio.Lock(), set()

    async def reload() -> None:
        async with lock:
            await asyncio.to_thread(SERVICE.load)

    def asked() -> None:
        task = asyncio.ensure_future(reload())
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    # Windows has no such signal.
    with suppress(AttributeError, NotImplementedError):
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, asked)
    yield


app = FastAPI(title="A signed model", lifespan=lifespan)


class Rows(BaseModel):
    """Rows of numbers, all of one length."""

    rows: Annotated[
        list[Annotated[list[float], Field(max_length=10_000)]],
        Field(min_length=1, max_length=10_000),
    ]


@app.get("/model")
def model() -> dict[str, Any]:
    """Say which model answers, and who signed it."""
    signed = SERVICE.now().signed
    return {
        "name": signed.name,
        "version": signed.version,
        "serial": signed.serial,
        "signers": signed.signers,
        "sha256": signed.sha256,
    }


@app.post("/predict")
def predict(asked: Rows) -> dict[str, Any]:
    """Predict."""
    served = SERVICE.now()
    try:
        found = served.model.predict(np.array(asked.rows))
    except (TypeError, ValueError) as error:
        # What is wrong with the rows. Anything else is the server's own, and is 500 without a word.
        raise HTTPException(422, str(error)[:200]) from None
    return {"predictions": found.tolist(), "version": served.signed.version}
