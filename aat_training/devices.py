"""The devices of training and decoding: the CPU, or one GPU per process, whose integers must be the CPU's.

Modes in which a library might round silently are looked for by name (TF32, half types, emulated products), switched off
if possible, and then measured: a product of integers that such a mode would round must be exact.
"""

from __future__ import annotations

import os
import re
import warnings
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from nnasim.errors import ConfigError

CPU = torch.device("cpu")
NAME = re.compile(r"cpu|cuda(:(0|[1-9][0-9]?))?")
ALLOWED = "must be cpu, cuda, or cuda:N"
# Variables that make cuBLAS round operands or emulate a type, whatever the program has asked for.
ROUNDING_VARIABLES = "NVIDIA_TF32_OVERRIDE", "CUBLAS_EMULATE_SINGLE_PRECISION", "CUBLAS_EMULATE_DOUBLE_PRECISION"
ALLOCATORS = "PYTORCH_ALLOC_CONF", "PYTORCH_CUDA_ALLOC_CONF"  # torch takes the first that is set
WORKSPACE = "CUBLAS_WORKSPACE_CONFIG", ":4096:8"


def on(values: Any, device: torch.device) -> Tensor:
    """numpy's ``values``, or a tensor, on ``device``; nothing is copied that is there already."""
    tensor = values if isinstance(values, Tensor) else torch.from_numpy(np.asarray(values))
    return tensor.to(device)


def numpy_of(tensor: Tensor) -> np.ndarray[Any, Any]:
    """``tensor`` as numpy has it, wherever it is."""
    return tensor.detach().cpu().numpy()


def device_of(module: nn.Module) -> torch.device:
    """The device of the parameters of ``module``."""
    return next(module.parameters()).device


def label(device: torch.device) -> str:
    """The name of the device in results: ``cpu``, or ``cuda`` and the GPU's name."""
    return "cpu" if device.type == "cpu" else f"{device.type} ({torch.cuda.get_device_name(device)})"


def open_device(name: str, ranks: int = 1) -> torch.device:
    """The device ``name`` (cpu, cuda, cuda:N), made exact; with ``cuda`` and several ``ranks``, one GPU for each on a
    machine.

    Raises ConfigError for an invalid name, a missing device, and one whose products are not exact.
    """
    if not NAME.fullmatch(name):
        raise ConfigError("device", "", name, ALLOWED)
    if name == "cpu":
        return CPU
    if ranks > 1 and name != "cuda":
        raise ConfigError("device", "", name, "must be cuda or cpu with several ranks: each of them has its own GPU")
    _refuse_rounding_variables(name)
    _refuse_allocator_settings()
    os.environ.setdefault(*WORKSPACE)  # before the first product: without it their sums have no fixed order
    device = _present(name, ranks)
    make_exact()
    torch.cuda.set_device(device)
    refuse_inexact(device)
    return device


def _present(name: str, ranks: int) -> torch.device:
    if not torch.cuda.is_available():
        why = "this torch is built without CUDA" if torch.version.cuda is None else "torch finds no CUDA device"
        raise ConfigError("device", "", name, f"is not there: {why} on this machine; must be cpu")
    number = int(name.partition(":")[2] or (_local_rank() if ranks > 1 else 0))
    count = torch.cuda.device_count()
    if number >= count:
        there = "cuda:0" if count == 1 else f"cuda:0 to cuda:{count - 1}"
        whose = f" for rank {number} of this machine" if name == "cuda" else ""
        raise ConfigError("device", "", name, f"is not there{whose}: this machine has {there}")
    return torch.device("cuda", number)


def _local_rank() -> int:
    text = os.environ.get("LOCAL_RANK", "0")
    return int(text) if text.isdecimal() and len(text) < 4 else 0


def _refuse_rounding_variables(name: str) -> None:
    for variable in ROUNDING_VARIABLES:
        if os.environ.get(variable, "0") not in ("", "0"):
            why = f"computes what it should only with {variable} unset: it rounds the operands of every product"
            raise ConfigError("device", "", name, why)


def _refuse_allocator_settings() -> None:
    """Raise ConfigError for settings of the allocator that torch refuses: it would when the first tensor is made."""
    variable = next((name for name in ALLOCATORS if os.environ.get(name)), None)
    if variable is not None and torch.version.cuda is not None:
        settings = os.environ[variable]
        try:
            with warnings.catch_warnings(category=FutureWarning, action="ignore"):  # of the name; the new one is hidden
                torch.cuda.memory._set_allocator_settings(settings)
        except (RuntimeError, ValueError) as error:
            why = f"torch cannot use it: {str(error).partition(chr(10))[0]}"
            raise ConfigError("the environment", variable, settings, why) from None


def make_exact() -> None:
    """Switch off, for this process, all that rounds operands or sums of float32 products on a GPU."""
    torch.set_float32_matmul_precision("highest")  # products: neither TF32 nor bfloat16
    torch.backends.cudnn.allow_tf32 = False  # cuDNN's LSTM has a switch of its own, which is on from the start
    torch.backends.cuda.matmul.allow_fp16_reduced_precision_reduction = False
    torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction = False
    torch.backends.cudnn.benchmark = False  # the fastest kernel of the moment is not the same one each time


def refuse_inexact(device: torch.device) -> None:
    """Raise ConfigError unless products of float32 and float64 on ``device`` are exact where their type promises it."""
    for dtype, bits in ((torch.float32, 24), (torch.float64, 53)):
        # 2^half + 1 has one bit more than TF32, and half types, hold; its square is the largest sum allowed.
        odd = 2.0 ** (bits // 2 - 1) + 1
        rows = torch.full((64, 2), odd, dtype=dtype, device=device)
        expected = 2 * odd * odd
        if bool((rows @ rows.T != expected).any()):
            kind = str(dtype).removeprefix("torch.")
            raise ConfigError("device", "", str(device), f"rounds products of {kind}: must compute them exactly")
