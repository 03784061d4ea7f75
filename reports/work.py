"""Whether results are of the same work: the same speech and the same model, whatever system and chip ran it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from nnasim.ir.result import SimResult
from reports.hypotheses import Hypothesis
from reports.naming import chip_fields, differing_fields, fields_name, model_name, speech_name

SimName = Callable[[SimResult], str]


def work_differences(results: Sequence[SimResult]) -> list[str]:
    """The differences of the work, such as "speech: 64 utterances against 6 utterances"; empty for the same work."""
    lines = []
    if len({_speech(result) for result in results}) > 1:
        lines.append(f"speech: {_each(results, speech_name)}")
    models = {result.workload.model for result in results if result.workload}
    if len(models) > 1:
        lines.append(f"model: {_each([result for result in results if result.workload], model_name)}")
    return lines


def reference_differences(before: Iterable[Hypothesis], after: Iterable[Hypothesis]) -> list[str]:
    """A note on the number of reference texts that differ, or that only one result has, against which word errors were
    counted; empty if a result holds none.
    """
    old, new = ({row.id: row.reference for row in rows} for rows in (before, after))
    if not old or not new:
        return []
    every = old.keys() | new.keys()
    others = sum(old.get(name) != new.get(name) for name in every)
    return [f"reference texts: {others} of {len(every)} not the same"] if others else []


def model_is_unknown(results: Sequence[SimResult]) -> bool:
    """Whether a result does not say which model it is of (those of version 0.1), and its trace does not tell either."""
    has_models = all(result.workload for result in results)
    return not has_models and len({result.trace_hash for result in results}) > 1


def _speech(result: SimResult) -> tuple[tuple[str, float], ...]:
    """Utterances as every version of a result names them."""
    return tuple((utterance.id, utterance.audio_seconds) for utterance in result.utterances)


def _each(results: Sequence[SimResult], name: SimName) -> str:
    names = list(dict.fromkeys(name(result) for result in results))
    return " against ".join(names) if len(names) > 1 else f"{names[0]} each, but not the same"


def differences(before: SimResult, after: SimResult, *, same_work: bool = True) -> list[str]:
    """One line for each thing beside the system that is not the same in two results: chip, and steps of decoding."""
    lines = []
    if before.preset != after.preset:
        lines.append(f"preset: {before.preset} -> {after.preset}")
    chips = chip_fields(before), chip_fields(after)
    if fields := differing_fields(chips):
        lines.append(f"chip: {fields_name(chips[0], fields)} -> {fields_name(chips[1], fields)}")
    steps = same_work and before.trace_hash != after.trace_hash
    if steps and before.system == after.system and before.numerics_hash == after.numerics_hash:
        lines.append(f"trace: {before.trace_hash} -> {after.trace_hash}, so decoding took other steps")
    return lines
