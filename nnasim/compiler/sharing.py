"""One SRAM for several models: a plan in which the working sets of all models and streams exist at the same time.

Each stream has its own states and outputs, and each model its own tables; activations and weight buffers serve one call
at a time. The rest holds resident weights, in one of two ways: those of all models together, chosen for the fewest
bytes read (``together``); or those of one model at a time, as many as it would have there alone (``in_turn``), which
are loaded again when another model has run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NoReturn

from nnasim.compiler import constraints
from nnasim.compiler.allocate import aligned
from nnasim.compiler.batch_sizes import BatchSizes
from nnasim.compiler.compile import CompiledTrace
from nnasim.compiler.memory_plan import MemoryPlan, least_sram_bytes, plan_memory
from nnasim.compiler.weights import WeightUse
from nnasim.compiler.working_set import lasting_tensors
from nnasim.errors import PlacementError
from nnasim.hardware import NnaConfig
from nnasim.ir.trace import OpTrace
from nnasim.markup import counted

Residents = Literal["together", "in_turn"]


@dataclass(frozen=True)
class Tenant:
    """A model on a shared chip: ``compiled`` for one of its ``streams``, ``sizes`` for up to ``batch`` at a time.

    ``constant_bytes``: of SRAM for what all its streams share; ``stream_bytes``: for what each has of its own.
    """

    name: str
    compiled: CompiledTrace
    sizes: BatchSizes
    streams: int
    batch: int
    constant_bytes: int
    stream_bytes: int

    @property
    def lasting(self) -> int:
        """Bytes of SRAM that stay taken whichever call runs."""
        return self.constant_bytes + self.streams * self.stream_bytes

    @property
    def arena(self) -> int:
        """Bytes of SRAM for the activations of any one call."""
        return max(self.sizes.arena(streams) for streams in range(1, self.batch + 1))

    @property
    def widest_arena(self) -> int:
        """The arena of its largest batch alone, which is known sooner and hardly ever smaller."""
        return self.sizes.arena(self.batch)

    def within(self, memory: MemoryPlan) -> Tenant:
        """The same in another plan of the SRAM."""
        return replace(self, compiled=self.compiled.within(memory))

    def at_most(self, streams: int, batch: int) -> Tenant:
        """The same with so many streams, and batches of so many, at the most."""
        fewer = min(self.streams, streams)
        return replace(self, streams=fewer, batch=min(batch, fewer))

    @property
    def resident(self) -> frozenset[str]:
        """Its weights that stay in SRAM."""
        return self.compiled.memory.resident


def tenant(name: str, trace: OpTrace, chip: NnaConfig, streams: int) -> Tenant:
    """``trace`` as a model of ``streams`` streams; it has no plan of the SRAM yet. Raises PlacementError."""
    prefetch = chip.dma.prefetch_across_calls
    if not constraints.next_call_is_known(prefetch):
        constraints.refuse(constraints.next_call_is_known, chip.name, "dma.prefetch_across_calls", prefetch)
    compiled = CompiledTrace(trace, chip, divide=_not_yet)
    constant, own = _lasting(compiled)
    return Tenant(
        name=name,
        compiled=compiled,
        sizes=BatchSizes(compiled),
        streams=streams,
        batch=min(chip.compiler.batch_streams, streams),
        constant_bytes=constant,
        stream_bytes=own,
    )


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
    """``tenants`` with their parts of one SRAM. Raises PlacementError, with what would fit, if they do not."""
    if not _fit(tenants, chip):  # sooner told than every size of batch is made
        _refuse(chip, tenants, max(one.widest_arena for one in tenants))
    arena = max(one.arena for one in tenants)
    if residents == "together":
        plan = _divided(chip, _uses(tenants), tenants, arena)
        return [one.within(_part(plan, names)) for one, names in zip(tenants, _names(tenants), strict=True)]
    return [one.within(_divided(chip, _counted(one), tenants, arena)) for one in tenants]


def _working_set(tenants: Sequence[Tenant], arena: int) -> int:
    return sum(one.lasting for one in tenants) + arena


def _counted(one: Tenant) -> dict[str, WeightUse]:
    """Its weights, each with the number of uses by all its streams."""
    return {
        name: replace(use, uses=use.uses * one.streams, lookups=use.lookups * one.streams)
        for name, use in one.compiled.uses.items()
    }


def _names(tenants: Sequence[Tenant]) -> list[dict[str, str]]:
    """For each model, tensor -> its name among the weights of all: with the model's name if several have it."""
    often = Counter(name for one in tenants for name in one.compiled.uses)
    return [{name: name if often[name] == 1 else f"{one.name}:{name}" for name in one.compiled.uses} for one in tenants]


def _uses(tenants: Sequence[Tenant]) -> dict[str, WeightUse]:
    return {
        names[name]: replace(use, tensor=names[name])
        for one, names in zip(tenants, _names(tenants), strict=True)
        for name, use in _counted(one).items()
    }


def _part(plan: MemoryPlan, names: Mapping[str, str]) -> MemoryPlan:
    """The part of ``plan`` about the weights of one model; the SRAM taken is that of all."""
    return replace(
        plan,
        resident=frozenset(name for name, shared in names.items() if shared in plan.resident),
        tile_rows={name: plan.tile_rows[shared] for name, shared in names.items() if shared in plan.tile_rows},
    )


def _divided(chip: NnaConfig, uses: Mapping[str, WeightUse], tenants: Sequence[Tenant], arena: int) -> MemoryPlan:
    try:
        return plan_memory(chip, _working_set(tenants, arena), uses)
    except PlacementError as error:
        if error.field == "sram.resident_weights" and set(chip.sram.resident_weights or ()) - set(uses):
            raise
        _refuse(chip, tenants, arena)


def _refuse(chip: NnaConfig, tenants: Sequence[Tenant], arena: int) -> NoReturn:
    """Raise PlacementError with the needs of each model, and ways to fit: a larger SRAM, fewer or smaller batches."""
    needs = ", ".join(f"{one.name} {one.lasting} bytes" for one in tenants)
    constraints.refuse(
        constraints.models_fit,
        chip.name,
        "sram.bytes",
        chip.sram.bytes,
        needs=f"{needs}, and {arena} bytes of activations",
        sram_bytes=least_sram_bytes(chip, _working_set(tenants, arena), _uses(tenants)),
        fewer="".join(_what_fits(chip, tenants)),
    )


def _what_fits(chip: NnaConfig, tenants: Sequence[Tenant]) -> Iterator[str]:
    """Ways to need less, behind a comma each."""
    batch, streams = max(one.batch for one in tenants), max(one.streams for one in tenants)
    most = most_that(lambda size: _fit([one.at_most(streams, size) for one in tenants], chip), batch)
    if 0 < most < batch:
        yield f", or compiler.batch_streams at most {most}"
    most = most_that(lambda number: _fit([one.at_most(number, batch) for one in tenants], chip), streams)
    if 0 < most < streams:
        yield f", or at most {counted(most, 'stream')} of each model"


def most_that(fit: Callable[[int], bool], most: int) -> int:
    """The largest number from 1 to ``most`` - 1 that does ``fit`` (then all below do too); 0 if none does."""
    fitting, too_many = 0, most
    while too_many - fitting > 1:
        middle = (fitting + too_many) // 2
        if fit(middle):
            fitting = middle
        else:
            too_many = middle
    return fitting


def _fit(tenants: Sequence[Tenant], chip: NnaConfig) -> bool:
    """Whether ``tenants`` stand in the SRAM of ``chip`` at one time, their largest batches among them."""
    working_set = _working_set(tenants, max(one.widest_arena for one in tenants))
    try:
        return least_sram_bytes(chip, working_set, _uses(tenants)) <= chip.sram.bytes
    except PlacementError:  # sram.resident_weights lists what no model has: the plan says so
        return True
