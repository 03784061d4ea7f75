"""The limits of a chip: what it can run and hold. One function per limit; its docstring is the user's message and the
printed limit.

A docstring's ``{names}`` are filled in by ``refuse``; the table of limits shows them unchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import NoReturn

from nnasim import limits
from nnasim.errors import PlacementError
from nnasim.hardware import NnaConfig
from nnasim.ir.operands import OPERANDS, PRODUCTS, OpKind
from nnasim.ir.trace import Op, TensorSpec
from nnasim.numerics.activation import unit_kind

Limit = Callable[..., bool]

# Larger is no model of speech, and would only make the compiler slow.
MOST_OPS, MOST_ELEMENTS = limits.GRAPH_OPS, limits.TENSOR_ELEMENTS
OWN_GRAPHS = ("boot", "frame_end")


def graph_is_bounded(name: str, ops: int) -> bool:
    """a graph has at most 50,000 operations, and is not named boot or frame_end, which the compiler makes itself"""
    return ops <= MOST_OPS and name not in OWN_GRAPHS


def tensor_is_bounded(spec: TensorSpec) -> bool:
    """a tensor has at most 1,099,511,627,776 elements"""
    return spec.elements <= MOST_ELEMENTS


def encoder_needs_audio_only(encoder: Collection[str]) -> bool:
    """only an encoder that depends on nothing but audio runs ahead; compiler.chunk_frames must be 1"""
    return bool(encoder)


def chunk_fits(frames: int, most: int) -> bool:
    """what a chunk of frames needs stands in SRAM; compiler.chunk_frames must be at most {most} ({note}{why})"""
    return frames <= most


def nna_runs_kind(chip: NnaConfig, op: Op) -> bool:
    """without an activation unit the NNA runs products only"""
    return op.is_view or runs_kind(chip, op.kind)


def nna_has_operator(op: Op) -> bool:
    """an operator that the NNA lacks runs on the CPU"""
    return op.kind != "host"


def runs_kind(chip: NnaConfig, kind: OpKind) -> bool:
    """Whether ``chip`` has a unit for operations of ``kind``."""
    if kind in PRODUCTS or kind == "requantise":
        return True
    if kind == "table" and not unit_kind(chip.numerics.activation).tables(chip.numerics):
        return False
    return chip.has_activation_unit and kind != "host"


def weights_are_integers(weight: TensorSpec) -> bool:
    """the MAC array multiplies by weights or operands of 4, 8 or 16 bits; {bits}-bit {what}s belong on the CPU"""
    return weight.bits <= 16


def one_bias_per_weight(biases: Collection[str]) -> bool:
    """a bias stands beside its weight, row by row, so a weight has one; give the weight once more for the other"""
    return len(biases) <= 1


def matmul_shapes_agree(x: TensorSpec, weight: TensorSpec) -> bool:
    """a matmul's weight has the shape (N, K), and its input has K elements in each row"""
    return len(weight.shape) == 2 and x.shape[-1] == weight.shape[1]


def working_set_fits(chip: NnaConfig, needed: int) -> bool:
    """tables, states, activations, a weight tile fit in SRAM; {needs}sram.bytes must be at least {sram_bytes}{meant}"""
    return needed <= chip.sram.bytes


def weight_tile_fits(free: int, needed: int) -> bool:
    """a weight tile holds whole rows for all columns of the array; sram.bytes must be at least {sram_bytes}"""
    return needed <= free


def residents_fit(free: int, needed: int) -> bool:
    """sram.resident_weights fit beside working set and buffers; sram.bytes must be at least {sram_bytes}"""
    return needed <= free


def models_fit(chip: NnaConfig, needed: int) -> bool:
    """all models and streams stand in SRAM at one time; {needs}; sram.bytes must be at least {sram_bytes}{fewer}"""
    return needed <= chip.sram.bytes


def batches_are_of_streams(batch_streams: int) -> bool:
    """one trace alone has no calls that wait together; compiler.batch_streams must be 1, or give it several streams"""
    return batch_streams == 1


def next_call_is_known(prefetch: bool) -> bool:
    """what streams that share a chip call next is decided when a call ends; dma.prefetch_across_calls must be false"""
    return not prefetch


LIMITS: tuple[Limit, ...] = (
    graph_is_bounded,
    tensor_is_bounded,
    encoder_needs_audio_only,
    chunk_fits,
    nna_runs_kind,
    nna_has_operator,
    weights_are_integers,
    one_bias_per_weight,
    matmul_shapes_agree,
    working_set_fits,
    weight_tile_fits,
    residents_fit,
    models_fit,
    batches_are_of_streams,
    next_call_is_known,
)


def limit_rows(chip: NnaConfig) -> list[tuple[str, str]]:
    """(limit, rule) of every limit, and what this chip has; a rule without the clause that only a message fills in."""
    rows = [(limit.__name__, (limit.__doc__ or "").strip().partition(";")[0]) for limit in LIMITS]
    return [*rows, *chip_rows(chip)]


def chip_rows(chip: NnaConfig) -> list[tuple[str, str]]:
    """(what, how much) of what one chip cannot run and what it holds at the most."""
    granule, numerics = chip.mac_array_law.output_granule, chip.numerics
    decodes = chip.sequencer.on_chip_decode and runs_kind(chip, "argmax")
    widest = chip.sram.bytes * 8 // (granule * numerics.weight_bits)
    return [
        ("left to the host", ", ".join(left_to_the_host(chip))),
        ("sram.bytes", f"{chip.sram.bytes} bytes, {chip.sram.weight_buffers} weight buffers"),
        ("mac_array.output_granule", f"{granule} output channels a step"),
        (
            "largest product",
            f"{widest} inputs to an output with {numerics.weight_bits}-bit weights, less what else stands in SRAM; "
            "any number of outputs",
        ),
        ("numerics.activation", numerics.activation),
        ("decoding", "on chip" if decodes else "the host takes each argmax and decides"),
    ]


def left_to_the_host(chip: NnaConfig) -> list[str]:
    """Kinds of operation that ``chip`` has no unit for."""
    return [kind for kind in OPERANDS if not runs_kind(chip, kind)]


def refuse(limit: Limit, source: object, field: str, value: object, **names: object) -> NoReturn:
    """Raise PlacementError with the limit's own words."""
    raise PlacementError(source, field, value, (limit.__doc__ or "").strip().format(**names))
