"""What people save with torch: one value by what it is called, made with torch itself."""

from __future__ import annotations

import argparse
import collections
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

__all__ = ["VALUES", "dtypes", "network"]


def network() -> nn.Module:
    """A small network whose parameters and buffers have been trained."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 2))
    net(torch.randn(5, 3)).sum().backward()
    return net


def _checkpoint() -> dict[str, Any]:
    """What a training loop writes between epochs."""
    net = network()
    optimizer = torch.optim.Adam(net.parameters())
    optimizer.step()
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1)
    return {
        "model": net.state_dict(),
        "optimizer": optimizer.state_dict(),
        "scheduler": scheduler.state_dict(),
        "epoch": 3,
        "args": argparse.Namespace(rate=0.1, layers=[3, 4]),
        "best": np.float64(1.5),
        "rng": torch.get_rng_state(),
        "history": collections.defaultdict(list, {"loss": [1.0, 0.5]}),
        "curve": np.arange(3),
    }


def _views() -> list[Any]:
    base = torch.arange(24.0).reshape(2, 3, 4)
    views = [
        base,
        base[1],
        base.transpose(0, 1),
        base[:, ::2],
        base.reshape(-1)[5:9],
        base[0, 0, 0],
    ]
    return [*views, torch.zeros(1).expand(5, 6), torch.zeros(0, 3), torch.tensor(3.0)]


def _with_attribute(tensor: Any) -> Any:
    tensor.origin = "here"
    return tensor


def dtypes() -> dict[str, Any]:
    """A tensor of every type that this torch can save."""
    found: dict[str, Any] = {}
    named = [getattr(torch, name) for name in dir(torch)]
    for dtype in sorted({one for one in named if isinstance(one, torch.dtype)}, key=str):
        name = str(dtype).removeprefix("torch.")
        if re.fullmatch("u?int[1-7]", name):
            # Types of so few bits cannot be saved.
            continue
        if name.startswith(("q", "uq")) and name != "quint8":
            tensor = torch._empty_affine_quantized((4,), scale=0.1, zero_point=0, dtype=dtype)
        elif name == "quint8":
            tensor = torch.quantize_per_tensor(torch.ones(4), 0.1, 3, dtype)
        else:
            tensor = torch.empty(4, dtype=dtype)
        found[name] = tensor
    return found


def _sparse(layout: str) -> Any:
    dense = torch.eye(4)
    dense[0, 3] = 2
    return {
        "coo": lambda: torch.sparse_coo_tensor([[0, 1], [1, 2]], [1.0, 2.0], (3, 4)),
        "coo, coalesced": lambda: dense.to_sparse_coo().coalesce(),
        "coo, hybrid": lambda: torch.sparse_coo_tensor([[0, 2]], torch.ones(2, 5), (3, 5)),
        "coo, empty": lambda: torch.sparse_coo_tensor(size=(3, 4)),
        "csr": dense.to_sparse_csr,
        "csc": dense.to_sparse_csc,
        "bsr": lambda: dense.to_sparse_bsr((2, 2)),
        "bsc": lambda: dense.to_sparse_bsc((2, 1)),
        "csr, batch": lambda: torch.stack([dense, dense]).to_sparse_csr(),
    }[layout]()


def _optimisers() -> list[Any]:
    """The states of optimisers that have taken a step, and of schedules."""
    states = []
    for name in ("Adagrad", "AdamW", "LBFGS", "NAdam", "RMSprop", "SGD"):
        weight = nn.Parameter(torch.ones(3))
        optimiser = getattr(torch.optim, name)([weight], lr=0.1)

        def closure(weight: Any = weight, optimiser: Any = optimiser) -> Any:
            optimiser.zero_grad()
            loss = (weight**2).sum()
            loss.backward()
            return loss

        optimiser.step(closure)
        states.append(optimiser.state_dict())
    schedules = torch.optim.lr_scheduler
    states.append(schedules.MultiStepLR(optimiser, [1, 2]).state_dict())
    states.append(schedules.ReduceLROnPlateau(optimiser).state_dict())
    states.append(schedules.LambdaLR(optimiser, lambda epoch: 0.9).state_dict())
    return states


VALUES: dict[str, Callable[[], Any]] = {
    "a state dict": lambda: network().state_dict(),
    "a checkpoint": _checkpoint,
    "states of optimisers": _optimisers,
    "views of one storage": _views,
    "every type of numbers": dtypes,
    "a parameter": lambda: nn.Parameter(torch.ones(2)),
    "a parameter with an attribute": lambda: _with_attribute(nn.Parameter(torch.ones(2))),
    "a tensor with an attribute": lambda: _with_attribute(torch.ones(2)),
    "a buffer": lambda: nn.Buffer(torch.ones(2)),
    "numbers quantised by channel": lambda: torch.quantize_per_channel(
        torch.ones(2, 3), torch.tensor([0.1, 0.2]), torch.tensor([0, 1]), 0, torch.qint8
    ),
    "a tensor without numbers": lambda: torch.zeros(3, device="meta"),
    "a storage": lambda: torch.ones(2).untyped_storage(),
    "a typed storage": lambda: torch.ones(2).storage(),
    "a conjugate": lambda: torch.zeros(2, dtype=torch.complex64).conj(),
    "a negative": lambda: torch.zeros(2, dtype=torch.complex64).conj().imag,
    "names of torch": lambda: [
        torch.float32, torch.strided, torch.sparse_coo, torch.per_tensor_affine,
        torch.per_channel_affine, torch.device("cpu"), torch.device("cuda", 1), torch.Size([1, 2]),
    ],
    "no tensor at all": lambda: {"a": [1, 2.0, "b", b"c", None, True, 1j, {3, 4}], "d": (5,)},
    **{
        f"a sparse tensor ({layout})": lambda layout=layout: _sparse(layout)  # type: ignore[misc]
        for layout in (
            "coo", "coo, coalesced", "coo, hybrid", "coo, empty", "csr", "csc", "bsr", "bsc",
            "csr, batch",
        )
    },
}  # fmt: skip
