"""One SRAM for several models: a plan in which the working sets of all models and streams stand at one time.

States and outputs are each stream's own, tables a model's; activations and weight buffers serve one call at a time.
What is left holds resident weights, in one of two ways: those of all models together, chosen for the fewest bytes read
(``together``); or of one model at a time, as many as it would have alone there (``in_turn``), which are loaded again
when another model has run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NoReturn

from nnasim.compiler import constraints
from nnasim.compiler.allocate import aligned
from nnasim.compiler.batching import Batch, batched
from nnasim.compiler.chunking import marks_of
from nnasim.compiler.compile import CompiledTrace
from nnasim.compiler.memory_plan import MemoryPlan, least_sram_bytes, plan_memory
from nnasim.compiler.weights import WeightUse
from nnasim.compiler.working_set import arena_bytes, lasting_tensors
from nnasim.errors import PlacementError
from nnasim.hardware import NnaConfig
from nnasim.ir.trace import OpTrace

Residents = Literal["together", "in_turn"]


@dataclass(frozen=True)
class Tenant:
    """A model on a shared chip: ``compiled`` for one of its ``streams``, ``batches`` for 2, 3, ... of them at a time.

    ``constant_bytes``: of SRAM for what all its streams share; ``stream_bytes``: for what each has of its own;
    ``arena``: for the activations of any one call.
    """

    name: str
    compiled: CompiledTrace
    batches: CompiledTrace | None
    names: Mapping[Batch, str]
    streams: int
    constant_bytes: int
    stream_bytes: int
    arena: int

    @property
    def lasting(self) -> int:
        """Bytes of SRAM that stay taken whichever call runs."""
        return self.constant_bytes + self.streams * self.stream_bytes

    def within(self, memory: MemoryPlan) -> Tenant:
        """The same in another plan of the SRAM."""
        batches = self.batches and self.batches.within(memory)
        return replace(self, compiled=self.compiled.within(memory), batches=batches)

    @property
    def resident(self) -> frozenset[str]:
        """Its weights that stay in SRAM."""
        return self.compiled.memory.resident


def tenant(name: str, trace: OpTrace, chip: NnaConfig, streams: int) -> Tenant:
    """``trace`` as a model of ``streams`` streams; it has no plan of the SRAM yet. Raises PlacementError."""
    compiled = CompiledTrace(trace, chip, divide=_not_yet)
    most = min(chip.compiler.batch_streams, streams)
    batches = batched(compiled.trace, _sizes(compiled.trace, most), marks_of(compiled.trace)) if most > 1 else None
    together = compiled.as_batches(batches.trace, batches.origin) if batches else None
    constant, own = _lasting(compiled)
    widest = together or compiled
    return Tenant(
        name=name,
        compiled=compiled,
        batches=together,
        names=batches.names if batches else {},
        streams=streams,
        constant_bytes=constant,
        stream_bytes=own,
        arena=arena_bytes(widest.trace, widest.units, widest.fused),
    )


def _sizes(trace: OpTrace, most: int) -> list[Batch]:
    """A batch of each graph for each number of streams, whichever they are."""
    return [Batch(graph, tuple(range(size))) for graph in trace.graphs for size in range(2, most + 1)]


def _not_yet(chip: NnaConfig, working_set: int, uses: Mapping[str, WeightUse]) -> MemoryPlan:
    return MemoryPlan(
        working_set=working_set, resident=frozenset(), resident_bytes=0, buffers=0, buffer_bytes=0, tile_rows={}
    )


def _lasting(compiled: CompiledTrace) -> tuple[int, int]:
    """(bytes of tables and constants, bytes of states and outputs)."""
    constant = own = 0
    for name in lasting_tensors(compiled.trace, compiled.units):
        spec = compiled.trace.tensors[name]
        if spec.role in ("bias", "table"):
            constant += aligned(spec.bytes)
        else:
            own += aligned(spec.bytes)
    return constant, own


def planned(tenants: Sequence[Tenant], chip: NnaConfig, residents: Residents) -> list[Tenant]:
    """``tenants`` with their parts of one SRAM. PlacementError, with what would fit, where they do not."""
    working_set = _working_set(tenants)
    if residents == "together":
        uses = _uses(tenants)
        plan = _divided(chip, working_set, uses, tenants)
        return [one.within(_part(plan, names)) for one, names in zip(tenants, _names(tenants), strict=True)]
    parts = [_divided(chip, working_set, _counted(one), tenants) for one in tenants]
    return [one.within(plan) for one, plan in zip(tenants, parts, strict=True)]


def _working_set(tenants: Sequence[Tenant]) -> int:
    return sum(one.lasting for one in tenants) + max(one.arena for one in tenants)


def _counted(one: Tenant) -> dict[str, WeightUse]:
    """Its weights, each used as often as all its streams do."""
    return {
        name: replace(use, uses=use.uses * one.streams, lookups=use.lookups * one.streams)
        for name, use in one.compiled.uses.items()
    }


def _names(tenants: Sequence[Tenant]) -> list[dict[str, str]]:
    """For each model, tensor -> its name among the weights of all: with the model's where several have it."""
    often = Counter(name for one in tenants for name in one.compiled.uses)
    return [{name: name if often[name] == 1 else f"{one.name}:{name}" for name in one.compiled.uses} for one in tenants]


def _uses(tenants: Sequence[Tenant]) -> dict[str, WeightUse]:
    return {
        names[name]: replace(use, tensor=names[name])
        for one, names in zip(tenants, _names(tenants), strict=True)
        for name, use in _counted(one).items()
    }


def _part(plan: MemoryPlan, names: Mapping[str, str]) -> MemoryPlan:
    """What ``plan`` says of the weights of one model; how much SRAM is taken is said of all."""
    return replace(
        plan,
        resident=frozenset(name for name, shared in names.items() if shared in plan.resident),
        tile_rows={name: plan.tile_rows[shared] for name, shared in names.items() if shared in plan.tile_rows},
    )


def _divided(chip: NnaConfig, working_set: int, uses: Mapping[str, WeightUse], tenants: Sequence[Tenant]) -> MemoryPlan:
    try:
        return plan_memory(chip, working_set, uses)
    except PlacementError as error:
        if error.field == "sram.resident_weights" and set(chip.sram.resident_weights or ()) - set(uses):
            raise
        _refuse(chip, working_set, uses, tenants)


def _refuse(chip: NnaConfig, working_set: int, uses: Mapping[str, WeightUse], tenants: Sequence[Tenant]) -> NoReturn:
    """PlacementError that says what each model needs, and what would fit: a larger SRAM, fewer or smaller batches."""
    needs = ", ".join(f"{one.name} {one.lasting} bytes" for one in tenants)
    constraints.refuse(
        constraints.models_fit,
        chip.name,
        "sram.bytes",
        chip.sram.bytes,
        needs=f"{needs}, and {max(one.arena for one in tenants)} bytes of activations",
        sram_bytes=least_sram_bytes(chip, working_set, uses),
        fewer="".join(_what_fits(chip, tenants)),
    )


def _what_fits(chip: NnaConfig, tenants: Sequence[Tenant]) -> Iterator[str]:
    """Ways to need less, behind a comma each."""
    batch = chip.compiler.batch_streams
    most = most_that(lambda size: _fit(tenants, chip.with_({"compiler.batch_streams": size}), None), batch)
    if 0 < most < batch:
        yield f", or compiler.batch_streams at most {most}"
    streams = max(one.streams for one in tenants)
    most = most_that(lambda number: _fit(tenants, chip, number), streams)
    if 0 < most < streams:
        yield f", or at most {most} stream{'' if most == 1 else 's'} of each model"


def most_that(fit: Callable[[int], bool], most: int) -> int:
    """The largest of 1 to ``most`` - 1 that does ``fit``, where all below do; 0 for none."""
    fitting, too_many = 0, most
    while too_many - fitting > 1:
        middle = (fitting + too_many) // 2
        if fit(middle):
            fitting = middle
        else:
            too_many = middle
    return fitting


def _fit(tenants: Sequence[Tenant], chip: NnaConfig, streams: int | None) -> bool:
    """Whether the models of ``tenants`` stand in the SRAM of ``chip``, with at most so many streams of each."""
    fewer = [
        tenant(one.name, one.compiled.given, chip, one.streams if streams is None else min(streams, one.streams))
        for one in tenants
    ]
    uses = _uses(fewer)
    return least_sram_bytes(chip, _working_set(fewer), uses) <= chip.sram.bytes
