"""Pipeline latencies of the design in cycles: the same for every array size, so one record serves all."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Latencies:
    """Measured on NVIDIA's Verilog, nv_small and nv_small_256; docs/explanation/validation.md says how far they carry.

    ``weight_head_start``: slots the weight stream has on the bus before the activations' first request.
    ``weights_to_usable``: launch, request and return pipeline, buffer write and status update of a kernel group.
    ``activations_to_usable``: the same of the activations.
    ``surfaces_to_usable``: more of that where the activations span several surfaces.
    ``retire``: from a read's return to its place among the reads in flight being free.
    ``array``: from a row entering the MAC array to its first value leaving the accumulator.
    ``credit_return``: from a row's last value to the sequencer seeing its place in the accumulator free.
    ``write_pipeline``: from the last value to its write request, and from the reply to the interrupt.
    """

    weight_head_start: int = 4
    weights_to_usable: int = 68
    activations_to_usable: int = 75
    surfaces_to_usable: int = 3
    retire: int = 3
    array: int = 15
    credit_return: int = 25
    write_pipeline: int = 26
