"""LSTM layers to compare: forward and backward pass of a stack, float32 input, gradients of input and parameters."""

from __future__ import annotations

import contextlib
import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from aat_training.bench.interleaved import Work
from aat_training.quant.lstm import LstmKernel, LstmSequence
from nnasim.numerics.config import NumericsConfig
from nnasim.numerics.layers import Ranges, build_cell


@dataclass(frozen=True)
class Size:
    """Shape of the comparison; the default is the one that the literature figures were measured with."""

    layers: int = 2
    units: int = 256
    batch: int = 16
    frames: int = 100

    def noise(self) -> Tensor:
        """Input (T, B, H) that asks for a gradient."""
        rng = torch.Generator().manual_seed(0)
        return torch.randn(self.frames, self.batch, self.units, generator=rng).requires_grad_()


@contextlib.contextmanager
def compiled_part(wanted: bool) -> Iterator[None]:
    """Switch the compiled part on or off, as ``wanted``, inside the ``with`` block."""
    before = os.environ.get("NNASIM_COMPILED")
    os.environ["NNASIM_COMPILED"] = "1" if wanted else "0"
    try:
        yield
    finally:
        os.environ.pop("NNASIM_COMPILED")
        if before is not None:
            os.environ["NNASIM_COMPILED"] = before


def trained(layer: nn.Module, size: Size) -> Work:
    """One forward and one backward pass of a module that returns its output first."""
    x = size.noise()

    def work() -> None:
        layer(x)[0].sum().backward()

    return work


def float_lstm(size: Size) -> Work:
    """One forward and one backward pass of torch.nn.LSTM."""
    return trained(nn.LSTM(size.units, size.units, size.layers), size)


class ChipStack(nn.Module):
    """The exact LSTM of the default chip on int8 input, weights quantised anew in every pass."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        numerics = NumericsConfig()  # type: ignore[call-arg]
        cell = build_cell(numerics, Ranges(8.0, 4.0, 4.0, 6.0))
        self.kernel = LstmKernel.of("layer", cell, numerics, 2.0**-7)
        self.stack = nn.ModuleList(nn.LSTM(size.units, size.units) for _ in range(size.layers))

    def forward(self, x: Tensor) -> tuple[Tensor]:
        """(T, B, H) real -> (T, B, H) integers."""
        x = (x * 32).floor().clamp(-128, 127)
        zeros = torch.zeros(x.shape[1:])
        for layer in self.stack:
            x, _ = LstmSequence.apply(
                x, layer.weight_ih_l0, layer.weight_hh_l0, layer.bias_ih_l0, zeros, zeros, self.kernel
            )
        return (x,)


def chip_lstm(size: Size, *, compiled: bool) -> Work:
    """One forward and one backward pass of this package's LSTM, with or without its compiled part."""
    work = trained(ChipStack(size), size)

    def switched() -> None:
        with compiled_part(compiled):
            work()

    return switched


def torch_ao_lstm(size: Size) -> Work | None:
    """torch.ao's quantizable LSTM, prepared for quantisation-aware training; None if torch no longer has it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            layer = torch.ao.nn.quantizable.LSTM(size.units, size.units, size.layers).train()
            layer.qconfig = torch.ao.quantization.get_default_qat_qconfig("fbgemm")
            torch.ao.quantization.prepare_qat(layer, inplace=True)
        except (AttributeError, ImportError):
            return None
    return _quietly(trained(layer, size))


def brevitas_lstm(size: Size) -> Work | None:
    """Brevitas' QuantLSTM with its default quantisers; None if Brevitas is not installed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            from brevitas.nn import QuantLSTM
        except ImportError:
            return None
        layer = QuantLSTM(size.units, size.units, num_layers=size.layers)
    return _quietly(trained(layer, size))


def _quietly(work: Work) -> Work:
    def quiet() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            work()

    return quiet
