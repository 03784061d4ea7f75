"""A sweep with everything that it names read and checked: the chip, the traces, the fields. Workers receive it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import nnasim
from nnasim.compiler.agreement import refuse_disagreement
from nnasim.compiler.placement import place
from nnasim.errors import ConfigError, NumericsError
from nnasim.hardware import NnaConfig, load_preset, preset_names
from nnasim.hardware.dram_kind import KIND, MODEL, dram_field, dram_value
from nnasim.hardware.idle import idle_fields, refuse_idle
from nnasim.hardware.kinds import FAMILIES, MODELS
from nnasim.hardware.read_latency import CYCLES, NS, in_ns, refuse_beside
from nnasim.hardware.section import DESCRIPTIVE
from nnasim.ir.io import read_trace, record_digest
from nnasim.ir.trace import OpTrace
from nnasim.numerics.activation_units.registry import UNITS
from nnasim.plugins import Plugins
from nnasim.records import validated, wrong_values
from nnasim.results import SimOptions
from nnasim.sweeps.constraints import Constraint, parse_constraint
from nnasim.sweeps.fields import Field, Scalar, find_field, words_of
from nnasim.sweeps.objectives import ADDED, KNOWN, meaning_of, objective_names
from nnasim.sweeps.retarget import as_system, retarget
from nnasim.sweeps.spec import ShapeTrace, SweepSpec
from workloads.importers.recipes import made_again
from workloads.rnnt.builder import build_trace
from workloads.rnnt.shapes import load_shape

Values = dict[str, Scalar]
_OTHER_NAMES = (CYCLES, KIND, MODEL)  # of fields by which another one is meant
Chip = dict[str, Any]


@dataclass(frozen=True)
class Job:
    """All that determines the figures of a sweep's points.

    ``base``: the chip before any axis, complete; ``fixed``: what ``set`` says beside the chip; ``scored``: digest of
    what word errors depend on beside the arithmetic (speech, checkpoints, fine-tuning), None without accuracy;
    ``name``: of the sweep file, for people.
    """

    spec: SweepSpec
    fields: dict[str, Field]
    base: Chip
    fixed: Values
    traces: tuple[OpTrace, ...]
    trace_hashes: tuple[str, ...]
    constraints: tuple[Constraint, ...]
    scored: str | None = None
    name: str = ""

    @property
    def retargets(self) -> bool:
        """Whether the arithmetic or the system varies, so that graphs are built again for each."""
        return any(name == "system" or name.startswith("numerics.") for name in (*self.fields, *self.spec.set))

    def chip(self, values: Values) -> Chip:
        """The chip of a point, not validated."""
        chip = self.base
        for name, value in values.items():
            if self.fields[name].target == "chip":
                chip = changed(chip, name, value)
        return chip

    def beside_chip(self, values: Values) -> Values:
        """Placement, system and options of a point."""
        varied = {name: value for name, value in values.items() if self.fields[name].target != "chip"}
        return {**self.fixed, **varied}

    def key(self, values: Values) -> str:
        """32 hex digits that name a point: the hash of everything that determines its figures."""
        return self.key_of(self.chip(values), values, nnasim.__version__)

    def key_of(self, chip: Chip, values: Values, version: str) -> str:
        """The key of the point of ``values``, whose chip is ``chip``, as ``version`` of nnasim computes it."""
        determinants = {
            "chip": {name: value for name, value in chip.items() if name not in DESCRIPTIVE},
            "beside": self.beside_chip(values),
            "traces": self.trace_hashes,
            "retargets": self.retargets,
            "scored": self.scored,
            "version": version,
        }
        if packages := self.packages(chip):
            determinants["packages"] = packages
        return hashlib.sha256(json.dumps(determinants, sort_keys=True).encode()).hexdigest()[:32]

    def packages(self, chip: Chip) -> dict[str, str]:
        """Installed packages on whose code the figures of ``chip`` depend, with their versions: part -> package."""
        parts: list[tuple[Plugins[Any], str]] = [
            (FAMILIES, value_at(chip, "mac_array.kind")),
            (MODELS, value_at(chip, "dram.model")),
            (UNITS, value_at(chip, "numerics.activation")),
            *((ADDED, name) for name in self.spec.objectives if name not in KNOWN),
        ]
        named = [(kind, name) for kind, name in parts if isinstance(name, str)]  # a stored chip may hold anything
        return {f"{kind.group} {name}": kind.origin(name) for kind, name in named if kind.added(name)}

    def allows(self, values: Values) -> bool:
        """Whether every constraint holds at a point, of which the axes in ``deciding`` are enough."""
        if not self.constraints:
            return True
        if self._standing is not None:
            operands: Mapping[str, Any] = {**self._standing, **values}
        else:
            chip, beside = self.chip(values), self.beside_chip(values)
            names = (name for constraint in self.constraints for name in constraint.names)
            operands = {name: beside.get(name, value_at(chip, name)) for name in names}
        return all(constraint.holds(operands) for constraint in self.constraints)

    @cached_property
    def deciding(self) -> tuple[str, ...]:
        """The axes that constraints depend on: two points that differ in others are both allowed or neither is."""
        if self._standing is None:
            return tuple(self.fields)
        return tuple(name for name in self.fields if any(name in constraint.names for constraint in self.constraints))

    @cached_property
    def _standing(self) -> Values | None:
        """The values that constraints read and no axis changes; None if an axis may change another field than
        its own.
        """
        names = {name for constraint in self.constraints for name in constraint.names}
        if any(name in self.fields for name in _OTHER_NAMES) and any(name.startswith("dram.") for name in names):
            return None
        return {name: self.fixed.get(name, value_at(self.base, name)) for name in sorted(names - set(self.fields))}

    def options(self, values: Values) -> SimOptions:
        """The options of a point's simulation."""
        wait = self.beside_chip(values).get("options.endpointer_ms")
        return SimOptions(endpointer_ms=None if wait is None else float(wait), timeline=False)

    def with_hashes(self, hashes: tuple[str, ...]) -> Job:
        """This job with the hashes of its traces, so that it can name its points without the traces."""
        return replace(self, trace_hashes=hashes)

    def payload(self) -> str:
        """The data that a worker needs, as JSON; ``Job.from_payload`` reads it."""
        return json.dumps(
            {
                "study": self.spec.model_dump(mode="json", by_alias=True),
                "base": self.base,
                "traces": [trace.model_dump(mode="json") for trace in self.traces],
                "scored": self.scored,
            }
        )

    @classmethod
    def from_payload(cls, text: str) -> Job:
        """The job that ``payload`` described."""
        data = json.loads(text)
        traces = tuple(OpTrace.model_validate(trace) for trace in data["traces"])
        return make_job(SweepSpec.model_validate(data["study"]), data["base"], traces, "payload", data["scored"])


def value_at(chip: Chip, name: str) -> Any:
    """The value of the field ``name``; None if its section is absent."""
    value: Any = chip
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def with_value(chip: Chip, path: list[str], value: Scalar) -> Chip:
    """A copy of ``chip`` with one value changed; what does not change is shared."""
    head, *rest = path
    if not rest:
        return {**chip, head: value}
    return {**chip, head: with_value(chip.get(head) or {}, rest, value)}


def changed(chip: Chip, name: str, value: Scalar, source: object = "study") -> Chip:
    """``chip`` with the field ``name`` changed. Raises ConfigError only for a DRAM latency that is no number of
    cycles.
    """
    path = dram_field(name, value).split(".")
    return in_ns(with_value(chip, path, dram_value(name, value)), source)


def load_job(spec: SweepSpec, source: Path, scored: str | None = None) -> Job:
    """The job of ``spec`` (read from ``source``); its files are read and checked. Raises FileError or InputError."""
    is_file = spec.base.endswith((".yaml", ".yml"))
    if not is_file and spec.base not in preset_names():
        raise ConfigError(source, "base", spec.base, f"known are {', '.join(preset_names())}, or a .yaml file")
    base = load_preset(beside(spec.base, source) if is_file else spec.base)
    traces = tuple(_trace(entry, base, source) for entry in spec.traces)
    job = make_job(spec, base.model_dump(mode="json"), traces, source, scored)
    return replace(job, name=Path(source).stem[:200])


def make_job(
    spec: SweepSpec, base: Chip, traces: tuple[OpTrace, ...], source: object, scored: str | None = None, *,
    check: bool = True,
) -> Job:  # fmt: skip
    """The job of ``spec``; with ``check`` its fields, values, constraints, objectives and traces are checked.

    Raises ConfigError, or NumericsError for a trace of another arithmetic than the base's.
    """
    fields = {name: find_field(name, source) for name in spec.axes}
    refuse_beside([*spec.axes, *spec.set], f"{source}: axes")
    fixed: Values = {}
    for name, value in spec.set.items():
        field = find_field(name, source)
        if field.target == "chip":
            base = changed(base, name, field.coerce(value), f"{source}: set")
        else:
            fixed[name] = field.coerce(value)
    constraints = tuple(parse_constraint(text, source) for text in spec.constraints)
    hashes = tuple(record_digest(trace) for trace in traces)
    job = Job(
        spec=spec,
        fields=fields,
        base=base,
        fixed=fixed,
        traces=traces,
        trace_hashes=hashes,
        constraints=constraints,
        scored=scored,
    )
    if check:
        _check(job, source)
    return job


def beside(name: str, source: Path) -> Path:
    """The path ``name`` of a sweep file: relative to the file's folder, or to the current one if it is only there."""
    beside = source.parent / name
    return Path(name) if not beside.exists() and Path(name).exists() else beside


def _trace(entry: str | ShapeTrace, base: NnaConfig, source: Path) -> OpTrace:
    if isinstance(entry, str):
        return read_trace(beside(entry, source))
    shape = load_shape(beside(entry.shape, source) if entry.shape.endswith((".yaml", ".yml")) else entry.shape)
    return build_trace(shape, entry.frames, entry.symbols, system=entry.system, numerics=base.numerics)


def _check(job: Job, source: object) -> None:
    chip = _chip(job.base, "set", source)
    if not (job.retargets or any(name.startswith("placement.") for name in (*job.fields, *job.fixed))):
        for number, trace in enumerate(job.traces, start=1):
            _check_arithmetic(trace, chip, f"{source}: traces.{number}")
    for name in sorted(set(job.spec.set) & set(job.fields)):
        raise ConfigError(source, f"set.{name}", job.spec.set[name], "is an axis too; leave one of the two out")
    for name, value in job.fixed.items():
        _check_value(job, find_field(name, source), value, f"set.{name}", source)
    refuse_idle(chip, job.spec.set, f"{source}: set", job.fields)
    for name, field in job.fields.items():
        _check_axis(job, field, f"axes.{name}", source)
    _refuse_idle_axes(job, chip, source)
    for constraint in job.constraints:
        for name in constraint.names:
            find_field(name, f"{source}: constraints")
            refuse_beside([name, NS], f"{source}: constraints")
    for name in job.spec.objectives:
        _check_objective(job, name, chip, source)
    if job.retargets:
        for trace in job.traces:
            _check_retargets(job, trace, chip, source)


def _check_retargets(job: Job, trace: OpTrace, chip: NnaConfig, source: object) -> None:
    """Refuse a trace whose graphs for another arithmetic or system are not known."""
    if trace.imported is None:
        retarget(trace, chip.numerics, "float" if trace.system != "float" else "aat", source)
        return
    if any(name.startswith("numerics.") for name in (*job.fields, *job.spec.set)):
        made_again(trace, chip.numerics, source)
    systems = job.spec.axes["system"].values or () if "system" in job.spec.axes else ()
    for system in (*systems, *([job.fixed["system"]] if "system" in job.fixed else [])):
        as_system(trace, system, source)  # type: ignore[arg-type]


def _check_arithmetic(trace: OpTrace, chip: NnaConfig, where: str) -> None:
    """Refuse a stored trace of another arithmetic than the base's before any point runs."""
    try:
        refuse_disagreement(trace, chip, place(trace, chip))
    except NumericsError as error:
        raise NumericsError(where, error.field, error.value, error.allowed) from None


def _check_axis(job: Job, field: Field, where: str, source: object) -> None:
    axis = job.spec.axes[field.name]
    if axis.values is None and field.number is None:
        raise ConfigError(source, where, "range", "this field is no number: give a list")
    ends: Iterable[Scalar] = (axis.at(0.0, field), axis.at(1.0, field)) if axis.values is None else axis.grid(field)
    for value in ends:
        _check_value(job, field, value, where, source)


def _refuse_idle_axes(job: Job, chip: NnaConfig, source: object) -> None:
    """Refuse an axis along which no figure can change, since the field decides nothing on the sweep's chips."""
    for idle in idle_fields(chip):
        axis = job.spec.axes.get(idle.field)
        if axis is not None and not set(idle.deciders) & set(job.fields):
            values = list(axis.values or axis.interval)
            raise ConfigError(source, f"axes.{idle.field}", values, f"changes nothing on these chips: {idle.why}")


def _check_value(job: Job, field: Field, value: Scalar, where: str, source: object) -> None:
    """Refuse a value that is wrong whatever the other axes say."""
    words = words_of(field)
    if words is not None and value not in words:
        raise ConfigError(source, where, value, f"must be {' or '.join(words)}")
    if field.target == "options" and not (value is None or (isinstance(value, float) and value >= 0)):
        raise ConfigError(source, where, value, "must be a number of at least 0, or null")
    if field.target == "chip":
        path = field.name.split(".")
        for wrong in wrong_values(NnaConfig, changed(job.base, field.name, value, f"{source}: {where}")):
            if wrong.field.split(".")[: len(path)] == path:
                raise ConfigError(source, where, value, wrong.allowed)


def _chip(chip: Chip, where: str, source: object) -> NnaConfig:
    return validated(NnaConfig, chip, source, within=where)


def _check_objective(job: Job, name: str, chip: NnaConfig, source: object) -> None:
    if name not in objective_names():
        raise ConfigError(source, "objectives", name, f"known are {', '.join(objective_names())}")
    try:
        meaning_of(name)
    except ValueError as error:
        raise ConfigError(source, "objectives", name, str(error)) from None
    lacking = {
        "wer": None if job.spec.accuracy else "needs an accuracy section: checkpoints and manifest",
        "energy_mj": None if chip.energy else f"{chip.name} has no energy table",
        "area_mm2": None if chip.area else f"{chip.name} has no area table",
    }
    if lacking.get(name):
        raise ConfigError(source, "objectives", name, str(lacking[name]))


def digest_of(parts: Mapping[str, Any]) -> str:
    """The digest of a mapping: 16 hex digits."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]
