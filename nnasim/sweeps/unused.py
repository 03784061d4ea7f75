"""Settings of a sweep file that neither a sweep nor a search would use. Older ones in stores are still read."""

from __future__ import annotations

from collections.abc import Iterator

from nnasim.errors import ConfigError
from nnasim.sweeps.spec import AccuracySpec, SearchSpec, ShapeTrace, SweepSpec

SYSTEM = "system"


def refuse_unused(spec: SweepSpec, source: object) -> None:
    """Raise ConfigError for the first setting of ``spec`` that has another value than its default and no effect."""
    for field, value, why in (*_of_the_search(spec.search), *_of_the_system(spec), *_of_fine_tuning(spec)):
        raise ConfigError(source, field, value, why)


def _of_the_search(search: SearchSpec) -> Iterator[tuple[str, object, str]]:
    if search.prune_frames is None and search.prune_margin != _default(SearchSpec, "prune_margin"):
        why = "is not used without prune_frames, the first frames by which a trial is judged"
        yield "search.prune_margin", search.prune_margin, why


def _of_the_system(spec: SweepSpec) -> Iterator[tuple[str, object, str]]:
    """Systems beside an axis or a setting that gives every trace and every score its own."""
    where = next((part for part in ("axes", "set") if SYSTEM in getattr(spec, part)), None)
    if where is None:
        return
    why = f"is not used beside {where}.{SYSTEM}, which holds for all; leave one of the two out"
    if spec.accuracy is not None and spec.accuracy.system != _default(AccuracySpec, SYSTEM):
        yield "accuracy.system", spec.accuracy.system, why
    for number, trace in enumerate(spec.traces):
        if isinstance(trace, ShapeTrace) and trace.system != _default(ShapeTrace, SYSTEM):
            yield f"traces.{number}.system", trace.system, why


def _of_fine_tuning(spec: SweepSpec) -> Iterator[tuple[str, object, str]]:
    if spec.accuracy is not None and spec.accuracy.finetune is not None and "aat" not in _scored(spec, spec.accuracy):
        why = "is not used unless aat is scored, which is trained: give accuracy.system: aat"
        yield "accuracy.finetune.steps", spec.accuracy.finetune.steps, why


def _scored(spec: SweepSpec, accuracy: AccuracySpec) -> tuple[object, ...]:
    """The systems whose word errors are asked for."""
    if (axis := spec.axes.get(SYSTEM)) is not None:
        return axis.values or ()
    return (spec.set.get(SYSTEM, accuracy.system),)


def _default(model: type[SearchSpec | AccuracySpec | ShapeTrace], field: str) -> object:
    return model.model_fields[field].default
