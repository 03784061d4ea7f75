"""The point-wise half of one LSTM step, forward and backward, as two Triton kernels over (B, H) cells.

Forward is ``nnasim.numerics.layers.LstmCell.step`` on int64, with every saturation, so that it holds for all formats,
multipliers and roundings. Backward is that of ``lstm_backward``, operation by operation in float32; it is launched
without contraction to fused multiply-adds. Triton's interpreter runs the same lines on a CPU (TRITON_INTERPRET=1).
"""

from __future__ import annotations

import triton
import triton.language as tl

BLOCK = 256  # cells of one program
# Where each constant of ``scales`` stands: mult and shift of four rescales, then the limits of state and output.
KEEP, UPDATE, CELL, OUTPUT, STATE_LOW, STATE_HIGH, H_LOW, H_HIGH = (tl.constexpr(n) for n in (0, 2, 4, 6, 8, 9, 10, 11))
ENTRIES = tl.constexpr(65538)  # of a gate's table: an int16, and one on either side for what saturates


@triton.jit
def _limited(value, low, high):
    return tl.minimum(tl.maximum(value, low), high)


@triton.jit
def _int32(value):
    return _limited(value, -2147483648, 2147483647)


@triton.jit
def _rescaled(value, mult, shift, double: tl.constexpr):
    """value * mult * 2^-shift, half up; ``double``: rounded at bit 30 before that, as gemmlowp does."""
    one = tl.full(value.shape, 1, tl.int64)
    half = one << (shift - 1)
    if double:
        extra = tl.where(shift > 31, one << 30, one - 1)
        half += tl.where(value < 0, -extra, extra)
    return (value * mult + half) >> shift


@triton.jit
def _scaled(value, scales, place: tl.constexpr, double: tl.constexpr):
    return _rescaled(value, tl.load(scales + place), tl.load(scales + place + 1), double)


@triton.jit
def _gate(acc, gx, mult, shift, at, row, inside, double: tl.constexpr):
    """Index into a gate's table, of the sum of both shares; ``at``: in (B, 4H), ``row``: of the scale."""
    share = tl.load(acc + at, mask=inside, other=0).to(tl.int64)
    share = _int32(_rescaled(share, tl.load(mult + row, mask=inside, other=0),
                             tl.load(shift + row, mask=inside, other=2), double))  # fmt: skip
    total = share + tl.load(gx + at, mask=inside, other=0).to(tl.int64)
    return _limited(total, -32769, 32768) + 32769


@triton.jit
def forward_kernel(
    acc, gx, mult, shift, scales, gate_values, gate_slopes, cell_values, cell_slopes, cell_states,
    c, h, h_int8, gates, slopes, c_kept, tc, c_slopes, c_inside,
    cells, units, padded, sigmoid_top, tanh_top,
    keep: tl.constexpr, narrow: tl.constexpr, double: tl.constexpr, block: tl.constexpr,
):  # fmt: skip
    """Accumulators (B, 4H) and gx (B, 4H), integers of any type -> c (B, H) in place, h, and what backward needs.

    ``mult``, ``shift``: int64 (4H,); ``narrow``: h goes into ``h_int8`` (rows of ``padded``) too. ``sigmoid_top``,
    ``tanh_top``: powers of two that bring a gate and tanh(c) back to integers.
    """
    cell = tl.program_id(0) * block + tl.arange(0, block)
    inside = cell < cells
    row, unit = cell // units, cell % units
    first = row * 4 * units + unit
    at_i = _gate(acc, gx, mult, shift, first, unit, inside, double)
    at_f = _gate(acc, gx, mult, shift, first + units, unit + units, inside, double)
    at_o = _gate(acc, gx, mult, shift, first + 2 * units, unit + 2 * units, inside, double)
    at_g = _gate(acc, gx, mult, shift, first + 3 * units, unit + 3 * units, inside, double) + ENTRIES
    real_i, real_f = tl.load(gate_values + at_i), tl.load(gate_values + at_f)
    real_o, real_g = tl.load(gate_values + at_o), tl.load(gate_values + at_g)
    i, f = (real_i * sigmoid_top).to(tl.int64), (real_f * sigmoid_top).to(tl.int64)
    o, g = (real_o * sigmoid_top).to(tl.int64), (real_g * sigmoid_top).to(tl.int64)

    state = tl.load(c + cell, mask=inside, other=0).to(tl.int64)
    kept = _int32(_scaled(f * state, scales, KEEP, double))
    wide = _int32(kept + _int32(_scaled(i * g, scales, UPDATE, double)))
    low, high = tl.load(scales + STATE_LOW), tl.load(scales + STATE_HIGH)
    wide = _limited(_scaled(wide, scales, CELL, double), low - 1, high + 1)
    state = _limited(wide, low, high)
    at_c = wide - low + 1
    real_tc = tl.load(cell_values + at_c)
    product = o * (real_tc * tanh_top).to(tl.int64)
    hidden = _limited(_scaled(product, scales, OUTPUT, double), tl.load(scales + H_LOW), tl.load(scales + H_HIGH))

    tl.store(c + cell, state.to(tl.float64), mask=inside)
    tl.store(h + cell, hidden.to(tl.float32), mask=inside)
    if narrow:
        tl.store(h_int8 + row * padded + unit, hidden.to(tl.int8), mask=inside)
    if keep:
        tl.store(gates + first, real_i, mask=inside)
        tl.store(gates + first + units, real_f, mask=inside)
        tl.store(gates + first + 2 * units, real_o, mask=inside)
        tl.store(gates + first + 3 * units, real_g, mask=inside)
        tl.store(slopes + first, tl.load(gate_slopes + at_i), mask=inside)
        tl.store(slopes + first + units, tl.load(gate_slopes + at_f), mask=inside)
        tl.store(slopes + first + 2 * units, tl.load(gate_slopes + at_o), mask=inside)
        tl.store(slopes + first + 3 * units, tl.load(gate_slopes + at_g), mask=inside)
        tl.store(c_kept + cell, tl.load(cell_states + at_c), mask=inside)
        tl.store(tc + cell, real_tc, mask=inside)
        tl.store(c_slopes + cell, tl.load(cell_slopes + at_c), mask=inside)
        tl.store(c_inside + cell, (wide == state).to(tl.float32), mask=inside)


@triton.jit
def backward_kernel(gates, slopes, before, tc, c_slopes, c_inside, dh, dc, dz, cells, units, block: tl.constexpr):
    """d loss / d h and / d c (B, H) of one step -> dz (B, 4H); dc moves one step back in place."""
    cell = tl.program_id(0) * block + tl.arange(0, block)
    inside = cell < cells
    first = (cell // units) * 4 * units + cell % units
    i, f = tl.load(gates + first, mask=inside, other=0.0), tl.load(gates + first + units, mask=inside, other=0.0)
    o = tl.load(gates + first + 2 * units, mask=inside, other=0.0)
    g = tl.load(gates + first + 3 * units, mask=inside, other=0.0)
    into_h = tl.load(dh + cell, mask=inside, other=0.0)
    into_c = o * tl.load(c_slopes + cell, mask=inside, other=0.0)
    into_c = tl.load(dc + cell, mask=inside, other=0.0) + into_h * into_c
    into_c = into_c * tl.load(c_inside + cell, mask=inside, other=0.0)
    old = tl.load(before + cell, mask=inside, other=0.0)
    squashed = tl.load(tc + cell, mask=inside, other=0.0)
    tl.store(dz + first, tl.load(slopes + first, mask=inside, other=0.0) * g * into_c, mask=inside)
    at = first + units
    tl.store(dz + at, tl.load(slopes + at, mask=inside, other=0.0) * old * into_c, mask=inside)
    at = first + 2 * units
    tl.store(dz + at, tl.load(slopes + at, mask=inside, other=0.0) * squashed * into_h, mask=inside)
    at = first + 3 * units
    tl.store(dz + at, tl.load(slopes + at, mask=inside, other=0.0) * i * into_c, mask=inside)
    tl.store(dc + cell, into_c * f, mask=inside)
