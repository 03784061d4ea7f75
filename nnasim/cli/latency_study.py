"""The latency study's experiments: decode once with every system, then run the same speech on many chips and sizes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nnasim.analysis.realtime import Endpointer, RealTime, real_time, timelines
from nnasim.cli.comparison import shown_path
from nnasim.compiler.policies import POLICIES, placed
from nnasim.hardware import NnaConfig
from nnasim.ir.trace import OP_GROUPS, OpGroup, OpTrace, System, Unit, placement_of
from nnasim.pipeline import simulate
from nnasim.service import Cost, cost, schedule
from reports.study_record import Accuracy, Decoder, GainMap, LatencyStudy, Placed
from workloads.rnnt.retimed import retimed_trace
from workloads.rnnt.shapes import SHAPES

if TYPE_CHECKING:
    from aat_training.evaluate import SystemRun

SYSTEMS: tuple[System, ...] = ("float", "cpu_fallback", "naive", "aat")
HANDOFFS_US = (5.0, 10.0, 20.0, 50.0, 100.0, 200.0)
BANDWIDTHS = (1e9, 2e9, 3.75e9, 6e9, 12e9, 25e9)
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class StudyInputs:
    """All that determines the study. ``wait_ms``: of both endpointers."""

    manifest: Path
    checkpoints: Path
    chip: NnaConfig
    limit: int | None
    beam: int
    wait_ms: float
    command: str


def latency_study(inputs: StudyInputs, progress: Progress) -> LatencyStudy:
    """Every experiment, in order. Raises what decoding and simulating raise."""
    runs = decoded(inputs, progress)
    accuracies = {system: accuracy(system, run) for system, run in runs.items()}
    models = {system: model_traces(run.trace, inputs.chip, system) for system, run in runs.items()}
    utterances = runs["aat"].trace.utterances
    seconds = sum(utterance.audio_seconds for utterance in utterances)
    endpointers = (Endpointer("trailing_blanks", inputs.wait_ms), Endpointer("fixed_wait", inputs.wait_ms))
    delays, source = emission_delays(inputs, runs)
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


PAIR: tuple[System, System] = ("aat", "cpu_fallback")


def decoded(inputs: StudyInputs, progress: Progress) -> dict[System, SystemRun]:
    """The corpus, greedily decoded by every system."""
    from aat_training.evaluate import run_system

    return {
        system: run_system(
            inputs.checkpoints, system, inputs.manifest, inputs.chip, inputs.limit,
            lambda done, total, system=system: progress(f"decode {system}", done, total),
        )
        for system in SYSTEMS
    }  # fmt: skip


def accuracy(name: str, run: SystemRun) -> Accuracy:
    """Word errors of a run."""
    from aat_training.score import score, wer_interval

    scored = score(run.pairs)
    return Accuracy(name, scored.wer, wer_interval(scored), scored.errors, scored.words)


def recovered(accuracies: Mapping[System, Accuracy]) -> float | None:
    """Share [%] of naive's loss against float that aat wins back; None where nothing was lost."""
    reference, lossy, trained = (accuracies[system].wer for system in ("float", "naive", "aat"))  # type: ignore[index]
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
    seen = {}
    for system, run in runs.items():
        lines = list(timelines(simulate(run.trace, chip)))
        for one in endpointers:
            pairs = zip(run.trace.utterances, lines, strict=True)
            seen[system, one.kind] = [real_time(utterance, line, one) for utterance, line in pairs]
    return seen


def cost_of(trace: OpTrace, chip: NnaConfig) -> Cost:
    """What ``trace`` costs on ``chip``."""
    return cost(schedule(trace, chip), chip)


def gain(fast: Cost, slow: Cost) -> float | None:
    """How much lower the median engine latency of ``fast`` is [%]."""
    before = float(np.median(slow.engine_latency_ms))
    return 100 * (1 - float(np.median(fast.engine_latency_ms)) / before) if before > 0 else None


def gain_map(models: Mapping[System, Mapping[str, OpTrace]], name: str, chip: NnaConfig, progress: Progress) -> GainMap:
    """The gain at every hand-off and bandwidth; the order of programs is found once per system."""
    plans = [schedule(models[system][name], chip) for system in PAIR]
    rows = []
    for done, handoff in enumerate(HANDOFFS_US, start=1):
        chips = [with_times(chip, handoff, bandwidth) for bandwidth in BANDWIDTHS]
        rows.append(tuple(gain(*(cost(plan, one) for plan in plans)) for one in chips))
        progress(f"map {name}", done, len(HANDOFFS_US))
    return GainMap(HANDOFFS_US, BANDWIDTHS, tuple(rows))


def with_times(chip: NnaConfig, handoff_us: float, bandwidth: float) -> NnaConfig:
    """``chip`` with another hand-off and DRAM bandwidth."""
    host = chip.host.model_copy(update={"handoff_us": handoff_us})
    dram = chip.dram.model_copy(update={"bytes_per_second": bandwidth})
    return chip.model_copy(update={"host": host, "dram": dram})


def waterfall(trace: OpTrace, chip: NnaConfig, seconds: float) -> list[Placed]:
    """From everything on the CPU to everything on the chip, one group of operations at a time."""
    placement: dict[OpGroup, Unit] = dict.fromkeys(OP_GROUPS, "cpu")
    steps = [placed_cost("all on the CPU", trace.model_copy(update={"placement": placement}), chip, seconds)]
    for group in WATERFALL_ORDER:
        placement = {**placement, group: "nna"}
        steps.append(placed_cost(group, trace.model_copy(update={"placement": placement}), chip, seconds))
    return steps


# Matrix products first, as every product begins; then what surrounds them in the order of the data flow.
WATERFALL_ORDER: tuple[OpGroup, ...] = (
    "matmul", "output_layer", "gate_activation", "element_wise", "cell_tanh", "joint_tanh", "argmax", "embedding",
    "input_quantise",
)  # fmt: skip


def placed_cost(label: str, trace: OpTrace, chip: NnaConfig, seconds: float) -> Placed:
    """One placement's figures per second of audio."""
    found = cost_of(trace, chip)
    p50 = float(np.median(found.engine_latency_ms))
    return Placed(label, p50, found.busy_ms / seconds, found.handoffs / seconds)


def by_policy(trace: OpTrace, chip: NnaConfig, seconds: float) -> list[Placed]:
    """Every policy, between the two systems that it lies between."""
    fallback = trace.model_copy(update={"placement": placement_of("cpu_fallback")})
    return [
        placed_cost("all on the chip", trace, chip, seconds),
        *(placed_cost(name, placed(trace, policy), chip, seconds) for name, policy in POLICIES.items()),
        placed_cost("cpu_fallback", fallback, chip, seconds),
    ]


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

        def said(done: int, total: int, system: str = system) -> None:
            progress(f"beam {system}", done, total)

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


Spoken = tuple[list[str], list[float]]  # labels in order, and when each was spoken [s]


def emission_delays(inputs: StudyInputs, runs: Mapping[System, SystemRun]) -> tuple[dict[str, list[float]], str]:
    """Seconds from each recognised word's end to its emission, by system, and where the words' times come from."""
    from aat_training.data.alignment import read_alignments
    from aat_training.delays import matched_delays

    known = read_alignments(inputs.manifest)
    if known:
        spoken = {id: ([w.word for w in one.words], [w.end for w in one.words]) for id, one in known.items()}
        labels, source = str.split, "the word times beside the manifest"
    else:
        spoken, labels = forced(inputs)
        source = "a forced alignment on the float model's CTC head"
    delays: dict[str, list[float]] = {}
    for system, run in runs.items():
        for (id, _, heard), utterance in zip(run.hypotheses, run.trace.utterances, strict=True):
            symbols, times = labels(heard), [utterance.arrivals[frame] for frame in utterance.emissions]
            if id in spoken and len(symbols) == len(times):  # one symbol a label: pieces of words have no word time
                delays.setdefault(system, []).extend(matched_delays(*spoken[id], symbols, times))
    return delays, source


def forced(inputs: StudyInputs) -> tuple[dict[str, Spoken], Callable[[str], list[str]]]:
    """When each token was spoken by the CTC head of the float model; and what turns text into such tokens."""
    from aat_training.data.manifest import read_manifest
    from aat_training.delays import ctc_ends
    from aat_training.systems import checkpoint_for, load_system

    checkpoint, model, _ = load_system(checkpoint_for(inputs.checkpoints, "float"), "float", inputs.chip.numerics)
    spoken = {}
    for entry in read_manifest(inputs.manifest)[: inputs.limit]:
        tokens = checkpoint.tokens.encode(entry.text)
        ends = ctc_ends(model, checkpoint, entry, tokens)
        if ends is not None:
            spoken[entry.id] = ([str(token) for token in tokens], ends)
    return spoken, lambda text: [str(token) for token in checkpoint.tokens.encode(text)]
