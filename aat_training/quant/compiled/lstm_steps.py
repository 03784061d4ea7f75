"""``lstm_steps.c`` by ctypes: which layers it covers, and its arguments. None means: use plain PyTorch."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from aat_training.quant.compiled import build
from aat_training.quant.h_product import HProduct
from aat_training.quant.lstm_kernel import LstmKernel, LstmWeights, may_saturate_gate
from aat_training.quant.lstm_trail import Trail
from nnasim.numerics.formats import highest, lowest

SOURCE = Path(__file__).with_name("lstm_steps.c")


def _fields(wholes: str, pointers: str, reals: str = "", more: str = "") -> list[tuple[str, type]]:
    kinds = (wholes, ctypes.c_int64), (pointers, ctypes.c_void_p), (reals, ctypes.c_double), (more, ctypes.c_void_p)
    return [(name, kind) for names, kind in kinds for name in names.split()]


class _Forward(ctypes.Structure):
    _fields_ = _fields(
        "batch units keep",
        "acc whole_acc gx requant gate_values gate_slopes cell_values cell_slopes",
        "forget input cell output c_low c_high h_low h_high c_step",
        "c h narrow gates c_kept tc slopes c_slopes c_inside index",
    )


class _Backward(ctypes.Structure):
    _fields_ = _fields("batch units", "gates slopes c c0 tc c_slopes c_inside dh dc dz")


def available() -> bool:
    """Whether the compiled part is wanted and could be built."""
    return build.enabled() and build.load(SOURCE) is not None


def state() -> str:
    """A line on which of the two implementations computes, and why."""
    if not build.enabled():
        return "plain PyTorch (NNASIM_COMPILED=0)"
    library = build.load(SOURCE)
    return "plain PyTorch (no C compiler, or no build)" if library is None else f"compiled ({library._name})"


def covers(kernel: LstmKernel, weights: LstmWeights) -> bool:
    """Whether every scale is exact in double and no intermediate value of this layer can saturate.

    Left out: 31-bit multipliers, double rounding, products or sums that might leave int32, and layer norm.
    """
    if weights.gain_h is not None:
        return False
    cell, top, state = kernel.cell, 1.0 / kernel.sigmoid.step, float(-lowest(kernel.cell.cell_bits))
    scales = cell.keep, cell.update, cell.cell, cell.output, weights.scale_h.requant
    if not all(scale.exact_in_float for scale in scales):
        return False
    reach = top * state * float(cell.keep.real) + top * top * float(cell.update.real) + 2
    return reach <= highest(32) and not may_saturate_gate(weights)


def _step(name: str, arguments: ctypes.Structure, owners: tuple[object, ...]) -> Callable[..., None]:
    library = build.load(SOURCE)
    assert library is not None
    function, pointer = library[name], ctypes.byref(arguments)
    function.argtypes, function.restype = (ctypes.c_void_p, ctypes.c_int64), None

    def step(t: int, *unused: Tensor) -> None:
        _ = owners  # tensors live as long as pointers to them
        function(pointer, t)

    return step


def _pointers(tensors: dict[str, Tensor | None]) -> dict[str, int | None]:
    assert all(tensor is None or tensor.is_contiguous() for tensor in tensors.values())
    return {name: None if tensor is None else tensor.data_ptr() for name, tensor in tensors.items()}


def compiled_forward(
    kernel: LstmKernel, weights: LstmWeights, gx_TBG: Tensor, product: HProduct, c: Tensor, trail: Trail
) -> Callable[[int, Tensor], None] | None:
    """A step that reads ``product.acc`` and writes the trail and ``c``; None where it does not apply."""
    acc = product.acc
    if acc is None or not (c.is_cpu and available() and covers(kernel, weights)):
        return None
    whole = acc.dtype == torch.int32
    cell, sigmoid, tanh = kernel.cell, kernel.sigmoid.step, kernel.tanh_c.step
    tensors = {
        "acc": None if whole else acc, "whole_acc": acc if whole else None, "gx": gx_TBG.contiguous(),
        "requant": torch.from_numpy(weights.scale_h.requant.real).contiguous(),
        "gate_values": kernel.gate_values, "gate_slopes": kernel.gate_slopes, "cell_values": kernel.cell_values,
        "cell_slopes": kernel.tanh_c.slopes, "c": c, "h": trail.h, "narrow": product.narrow, "gates": trail.gates,
        "c_kept": trail.c, "tc": trail.tc, "slopes": trail.slopes, "c_slopes": trail.c_slopes,
        "c_inside": trail.c_inside, "index": torch.empty(acc.shape[1], dtype=torch.int32),
    }  # fmt: skip
    product.fed = product.narrow is not None
    # Gates arrive as real numbers: powers of two bring them back to integers, exactly.
    arguments = _Forward(
        batch=c.shape[0], units=c.shape[1], keep=trail.slopes is not None,
        forget=float(cell.keep.real) / sigmoid, input=float(cell.update.real) / sigmoid**2,
        cell=float(cell.cell.real), output=float(cell.output.real) / (sigmoid * tanh),
        c_low=lowest(cell.cell_bits), c_high=highest(cell.cell_bits), h_low=lowest(cell.act_bits),
        h_high=highest(cell.act_bits), c_step=cell.cell_scale, **_pointers(tensors),
    )  # fmt: skip
    return _step("nnasim_lstm_forward", arguments, (arguments, tensors))


def compiled_backward(trail: Trail, c0: Tensor, dh: Tensor, dc: Tensor, dz_TBG: Tensor) -> Callable[[int], None] | None:
    """A step that reads ``dh``, moves ``dc`` one step back and writes dz[t]; None without the compiled part."""
    if not (dh.is_cpu and available()):
        return None
    tensors = {
        "gates": trail.gates, "slopes": trail.slopes, "c": trail.c, "c0": c0.contiguous(), "tc": trail.tc,
        "c_slopes": trail.c_slopes, "c_inside": trail.c_inside, "dh": dh, "dc": dc, "dz": dz_TBG,
    }  # fmt: skip
    arguments = _Backward(batch=dh.shape[0], units=dh.shape[1], **_pointers(tensors))
    return _step("nnasim_lstm_backward", arguments, (arguments, tensors))
