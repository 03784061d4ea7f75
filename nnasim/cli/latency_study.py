"""The latency study's experiments: decode once with every system, then run the same speech on many chips and sizes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from nnasim.analysis.realtime import Endpointer, RealTime, real_time, timelines
from nnasim.cli.comparison import shown_path
from nnasim.cli.study_costs import PAIR, Progress, by_policy, cost_of, gain, gain_map, waterfall
from nnasim.cli.study_delays import emission_delays
from nnasim.hardware import NnaConfig
from nnasim.ir.trace import OpTrace, System
from nnasim.pipeline import simulate
from reports.study_record import Accuracy, Decoder, LatencyStudy
from workloads.rnnt.retimed import retimed_trace
from workloads.rnnt.shapes import SHAPES

if TYPE_CHECKING:
    from aat_training.evaluate import SystemRun

SYSTEMS: tuple[System, ...] = ("float", "cpu_fallback", "naive", "aat")


@dataclass(frozen=True)
class StudyInputs:
    """All that determines the study. ``blanks_ms``, ``wait_ms``: how long the two endpointers wait."""

    manifest: Path
    checkpoints: Path
    chip: NnaConfig
    limit: int | None
    beam: int
    blanks_ms: float
    wait_ms: float
    command: str


def latency_study(inputs: StudyInputs, progress: Progress) -> LatencyStudy:
    """Every experiment, in order. Raises what decoding and simulating raise."""
    runs = decoded(inputs, progress)
    accuracies = {system: accuracy(system, run) for system, run in runs.items()}
    models = {system: model_traces(run.trace, inputs.chip, system) for system, run in runs.items()}
    utterances = runs["aat"].trace.utterances
    seconds = sum(utterance.audio_seconds for utterance in utterances)
    endpointers = (Endpointer("trailing_blanks", inputs.blanks_ms), Endpointer("fixed_wait", inputs.wait_ms))
    delays, source = emission_delays(inputs.manifest, inputs.checkpoints, inputs.chip, runs)
    names = list(models["aat"])
    maps = {name: gain_map(models, name, inputs.chip, progress) for name in names}
    return LatencyStudy(
        preset=inputs.chip.name,
        manifest=shown_path(inputs.manifest),
        utterances=len(utterances),
        audio_seconds=seconds,
        symbols_per_second=sum(len(utterance.emissions) for utterance in utterances) / seconds,
        command=inputs.command,
        endpointers=endpointers,
        accuracies=list(accuracies.values()),
        recovered_pct=recovered(accuracies),
        realtime=in_real_time(runs, inputs.chip, endpointers),
        delays_s=delays,
        delay_source=source,
        engine_gain_pct={name: gain(*(cost_of(models[s][name], inputs.chip) for s in PAIR)) for name in names},
        weights={name: weights(trace) for name, trace in models["aat"].items()},
        waterfalls={name: waterfall(trace, inputs.chip, seconds) for name, trace in models["aat"].items()},
        policies={name: by_policy(trace, inputs.chip, seconds) for name, trace in models["aat"].items()},
        maps=maps,
        decoders=list(decoders(inputs, runs, accuracies, progress)),
        chip_facts=chip_facts(inputs.chip),
    )


def decoded(inputs: StudyInputs, progress: Progress) -> dict[System, SystemRun]:
    """The corpus, greedily decoded by every system."""
    from aat_training.evaluate import run_system

    runs: dict[System, SystemRun] = {}
    for system in SYSTEMS:
        said = partial(progress, f"decode {system}")
        runs[system] = run_system(inputs.checkpoints, system, inputs.manifest, inputs.chip, inputs.limit, said)
    return runs


def accuracy(name: str, run: SystemRun) -> Accuracy:
    """Word errors of a run."""
    from aat_training.score import score, wer_interval

    scored = score(run.pairs)
    return Accuracy(name, scored.wer, wer_interval(scored), scored.errors, scored.words)


def recovered(accuracies: Mapping[System, Accuracy]) -> float | None:
    """Share [%] of naive's loss against float that aat wins back; None where nothing was lost."""
    reference, lossy, trained = accuracies["float"].wer, accuracies["naive"].wer, accuracies["aat"].wer
    if reference is None or lossy is None or trained is None or lossy <= reference:
        return None
    return 100 * (lossy - trained) / (lossy - reference)


def model_traces(trace: OpTrace, chip: NnaConfig, system: System) -> dict[str, OpTrace]:
    """The trained model's own trace, and the same speech on the paper-sized shapes."""
    shapes = {name: retimed_trace(trace.utterances, shape, system, chip.numerics) for name, shape in SHAPES.items()}
    return {"trained": trace, **shapes}


def weights(trace: OpTrace) -> int:
    """Number of weights of a trace's graphs."""
    return sum(spec.elements for spec in trace.tensors.values() if spec.role == "weight")


def in_real_time(
    runs: Mapping[System, SystemRun], chip: NnaConfig, endpointers: Sequence[Endpointer]
) -> dict[tuple[str, str], list[RealTime]]:
    """Every utterance of every system, by (system, kind of endpointer)."""
    seen: dict[tuple[str, str], list[RealTime]] = {}
    for system, run in runs.items():
        lines = list(timelines(simulate(run.trace, chip)))
        for one in endpointers:
            pairs = zip(run.trace.utterances, lines, strict=True)
            seen[system, one.kind] = [real_time(utterance, line, one) for utterance, line in pairs]
    return seen


def decoders(
    inputs: StudyInputs, runs: Mapping[System, SystemRun], greedy: Mapping[System, Accuracy], progress: Progress
) -> Iterator[Decoder]:
    """Greedy and beam search of the float model on the CPU and of aat on the chip."""
    from aat_training.data.manifest import read_manifest
    from aat_training.evaluate import run_model
    from aat_training.systems import checkpoint_for, load_system

    entries = read_manifest(inputs.manifest)[: inputs.limit]
    for system in ("float", "aat"):
        yield decoder_figures(1, runs[system], greedy[system], inputs.chip)
        numerics = inputs.chip.numerics
        checkpoint, model, _ = load_system(checkpoint_for(inputs.checkpoints, system), system, numerics)
        said = partial(progress, f"beam {system}")
        run = run_model(model, checkpoint, entries, system, numerics, said, beam=inputs.beam)
        yield decoder_figures(inputs.beam, run, accuracy(f"{system}, beam {inputs.beam}", run), inputs.chip)


def decoder_figures(beam: int, run: SystemRun, found: Accuracy, chip: NnaConfig) -> Decoder:
    """What decoding asked for and cost, per second of audio."""
    cost_found = cost_of(run.trace, chip)
    seconds = sum(utterance.audio_seconds for utterance in run.trace.utterances)
    calls = [graph for utterance in run.trace.utterances for graph in utterance.call_graphs]
    return Decoder(
        system=run.system,
        beam=beam,
        accuracy=found,
        engine_ms=cost_found.engine_latency_ms,
        busy_ms_per_s=cost_found.busy_ms / seconds,
        joints_per_s=calls.count("joint") / seconds,
        predictions_per_s=calls.count("prediction") / seconds,
        handoffs_per_s=cost_found.handoffs / seconds,
    )


def chip_facts(chip: NnaConfig) -> list[tuple[str, str, str]]:
    """(field, value with unit, source) of the parameters that the study's answers hang on most."""
    from nnasim.hardware import preset_names, preset_rows

    decisive = (
        "clock_hz", "mac_array.macs_per_cycle", "sram.bytes", "dram.bytes_per_second", "dram.read_latency_cycles",
        "host.handoff_us", "host.float_matmul_gflops", "host.memory_bytes_per_second", "host.cache_bytes",
        "host.sigmoid_ns_per_element", "host.tanh_ns_per_element", "numerics.activation", "numerics.cell_bits",
    )  # fmt: skip
    if chip.name not in preset_names():
        return []
    rows = {row.field: row for row in preset_rows(chip.name, chip)}
    return [
        (name, f"{rows[name].value} {rows[name].unit}".strip(), rows[name].source) for name in decisive if name in rows
    ]
