"""A point's figures are the same alone and after any other point: for every field of the chip, law by law."""

import json
from collections.abc import Iterator
from typing import Any, get_args

import pytest

from nnasim.errors import NnasimError
from nnasim.hardware import NnaConfig, load_preset
from nnasim.hardware.section import DESCRIPTIVE
from nnasim.sweeps.evaluate import Evaluator
from nnasim.sweeps.fields import find_field
from nnasim.sweeps.job import Job, make_job, value_at
from nnasim.sweeps.spec import parse_sweep_file
from workloads.rnnt.builder import build_trace
from workloads.rnnt.shapes import RnntShape

SHAPE = RnntShape(
    name="small", input_features=16, frame_ms=2, encoder_units=32, encoder_before=1, encoder_after=0, embedding=8,
    prediction_units=16, prediction_layers=1, joint_units=16, outputs=8,
)  # fmt: skip
# Weights stream, the CPU's float weights do not fit its cache, and other work comes in between: every field matters.
FLOATS = sum(spec.bytes for spec in build_trace(SHAPE, 2, 0, system="float").tensors.values() if spec.role == "weight")
TIGHT = [
    "sram.bytes=9000", "sram.weight_tile_bytes=512", f"host.cache_bytes={2 * FLOATS // 3}",
    "host.handoff_copy_ns_per_byte=1", "sequencer.cycles_per_command=3",
]  # fmt: skip
CHIP = load_preset("edge256", TIGHT)
CELLS = ["mac_array.kind=systolic", "mac_array.macs_per_cycle=null", "mac_array.decoded_weights_per_cycle=null"]
# Fields that decide nothing on that chip are refused there: they are varied on one where they do.
WHERE_IT_MATTERS = {
    "mac_array.rows": [*CELLS, "mac_array.rows=8", "mac_array.cols=8"],
    "mac_array.cols": [*CELLS, "mac_array.rows=8", "mac_array.cols=8"],
    "mac_array.dataflow": [*CELLS, "mac_array.rows=8", "mac_array.cols=8"],
    "numerics.pwl": ["numerics.activation=pwl"],
    "host.other_load": ["host.other_load_per_second=100", "host.other_load_us=50"],
}


def chip_for(field: str) -> NnaConfig:
    more = next((more for name, more in WHERE_IT_MATTERS.items() if field.startswith(name)), [])
    return load_preset("edge256", [*TIGHT, *more])


SYSTEMS = ("float", "cpu_fallback", "aat")


def leaves(data: dict[str, Any], path: str = "") -> Iterator[str]:
    for key, value in data.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{path}{key}.")
        elif not isinstance(value, list) and f"{path}{key}" not in DESCRIPTIVE:
            yield f"{path}{key}"


# A list of names, a width that needs a wider accumulator with it, nodes that need a table, a batch that needs several
# streams: no axis varies them alone.
NOT_ALONE = (
    "sram.resident_weights",
    "numerics.activation_bits",
    "energy.node_nm",
    "area.node_nm",
    "compiler.batch_streams",
)
FIELDS = [field for field in leaves(CHIP.model_dump(mode="json")) if field not in NOT_ALONE]


def others(field: str, value: Any) -> Iterator[Any]:
    """Candidates for another value of a field."""
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int | float):
        yield from (value * 2, value / 2, value + 1, value + 16, value - 1, value + 0.25)
    else:
        model: Any = NnaConfig
        *sections, leaf = field.split(".")
        for section in sections:
            annotation = model.model_fields[section].annotation
            model = next(kind for kind in (annotation, *get_args(annotation)) if hasattr(kind, "model_fields"))
        yield from get_args(model.model_fields[leaf].annotation)
        yield from ("lut16", "double", "systolic", 4, 8.0, 64, 128, "hbm2")


def changed_to(field: str, system: str) -> tuple[Job, Any] | None:
    """A job over the field's value and another that runs; None where no candidate does."""
    chip = chip_for(field)
    base = chip.model_dump(mode="json")
    value = value_at(base, field)
    trace = build_trace(SHAPE, 3, 1, system=system, numerics=chip.numerics)  # type: ignore[arg-type]
    for other in others(field, value):
        try:
            other = find_field(field, "test").coerce(other)
            data = {
                "base": "edge256",
                "traces": ["t"],
                "axes": {field: {"list": [value, other]}},
                "objectives": ["rtf"],
            }
            job = make_job(parse_sweep_file(json.loads(json.dumps(data)), "test"), base, (trace,), "test")
            Evaluator(job).figures({field: other})
        except (NnasimError, ValueError, TypeError):
            continue
        if other != value:
            return job, other
    return None


@pytest.mark.parametrize("field", FIELDS)
def test_a_points_figures_do_not_hang_on_what_was_computed_before(field: str) -> None:
    tried = 0
    for system in SYSTEMS:
        change = changed_to(field, system)
        if change is None:
            continue
        job, other = change
        shared = Evaluator(job)
        values = [{field: value_at(job.base, field)}, {field: other}]
        after = [shared.figures(point) for point in (*values, *values)]
        alone = [Evaluator(job).figures(point) for point in values]
        assert after == [*alone, *alone], (system, other)
        tried += 1
    assert tried, f"no other value of {field} runs"
