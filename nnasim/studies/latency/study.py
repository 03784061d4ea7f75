"""The latency study as one call: decode once with every system, then run the same speech on many chips and sizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from nnasim.allowed import unscaled
from nnasim.analysis.realtime import Endpointer, RealTime, real_time, timelines
from nnasim.compiler import CompiledTrace
from nnasim.hardware import NnaConfig
from nnasim.ir.trace import OpTrace, System
from nnasim.pipeline import simulate
from nnasim.progress import Progress, silent
from nnasim.studies.comparison import words_gain
from nnasim.studies.latency.costs import (
    PAIR,
    by_policy,
    by_system,
    efficiency_gains,
    gain_map,
    rate_gains,
    waterfall,
)
from nnasim.studies.latency.decoders import decoder_figures
from nnasim.studies.latency.decodes import PLACED, SYSTEMS, Speech, accuracy, decodes
from nnasim.studies.latency.delays import WordTimes, emission_delays, with_speech_ends, word_times
from nnasim.studies.parallel import Call, computed
from nnasim.studies.provenance import shown_path
from reports.study_record import Accuracy, LatencyStudy, Placed
from reports.summary import Gain
from workloads.rnnt.retimed import retimed_trace
from workloads.rnnt.shapes import SHAPES, RnntShape

if TYPE_CHECKING:
    from aat_training.evaluate import SystemRun

Words = Mapping[str, Mapping[str, Accuracy]]
TRAINED = "trained"


@dataclass(frozen=True)
class StudyInputs:
    """The settings that determine the study.

    ``beam``: the width with which ``beam_systems`` are decoded once more. ``blanks_ms``, ``wait_ms``: how long the two
    endpointers wait. ``shapes``: models without trained weights on the same speech. ``handoffs_us``, ``bandwidths``
    [bytes/s]: the map's axes. ``pieces``: of a word, that each symbol becomes. ``efficiencies``: shares of the DRAM's
    peak rate, as given in the presets' comments. ``command``: the command that the report gives to repeat the study.
    ``jobs``: worker processes, which do not change its figures.
    """

    speech: Speech
    beam: int = 4
    beam_systems: tuple[System, ...] = ("float", "aat")
    blanks_ms: float = 800.0
    wait_ms: float = 240.0
    shapes: Mapping[str, RnntShape] = field(default_factory=lambda: SHAPES)
    handoffs_us: tuple[float, ...] = (5.0, 10.0, 20.0, 35.0, 50.0, 70.0, 100.0, 200.0)
    bandwidths: tuple[float, ...] = (1e9, 2e9, 3.75e9, 6e9, 12e9, 25e9)
    pieces: tuple[int, ...] = (1, 2, 4, 8)
    efficiencies: tuple[float, ...] = (0.7, 0.8, 0.9)
    command: str = ""
    jobs: int = 1

    @property
    def endpointers(self) -> tuple[Endpointer, Endpointer]:
        """The two ways in which an utterance is closed."""
        return Endpointer("trailing_blanks", self.blanks_ms), Endpointer("fixed_wait", self.wait_ms)

    @property
    def models(self) -> tuple[str, ...]:
        """The trained model and the shapes, by name."""
        return (TRAINED, *self.shapes)


@dataclass(frozen=True)
class CorpusDecodes:
    """The results of decoding. ``words``: by system, then by placement."""

    runs: Mapping[System, SystemRun]
    beams: Mapping[System, SystemRun]
    words: Words

    @property
    def seconds(self) -> float:
        """Seconds of audio."""
        return sum(utterance.audio_seconds for utterance in self.runs["aat"].trace.utterances)


def latency_study(inputs: StudyInputs, progress: Progress = silent) -> LatencyStudy:
    """The results of every experiment; ``progress`` is told of decodes and of simulations. Raises what these raise."""
    from aat_training.checkpoint_files import checkpoint_for
    from aat_training.score import score

    speech, chip = inputs.speech, inputs.speech.chip
    corpus_decodes = decoded(inputs, progress)
    accuracies = {system: accuracy(system, run.pairs) for system, run in corpus_decodes.runs.items()}
    aligner = checkpoint_for(speech.checkpoints, "float")
    times = word_times(speech.manifest, aligner, chip, len(corpus_decodes.runs["aat"].hypotheses))
    results = computed(costs(inputs, corpus_decodes, accuracies, times), inputs.jobs, "simulate", progress)
    utterances = corpus_decodes.runs["aat"].trace.utterances
    return LatencyStudy(
        preset=chip.name,
        manifest=shown_path(speech.manifest),
        utterances=len(utterances),
        audio_seconds=corpus_decodes.seconds,
        symbols_per_second=sum(len(utterance.emissions) for utterance in utterances) / corpus_decodes.seconds,
        command=inputs.command,
        endpointers=inputs.endpointers,
        accuracies=list(accuracies.values()),
        gain=Gain.model_validate(words_gain({system: score(run.pairs) for system, run in corpus_decodes.runs.items()})),
        realtime={
            pair: seen for by_endpointer in _of(results, "real time").values() for pair, seen in by_endpointer.items()
        },
        delays_s=emission_delays(times, corpus_decodes.runs),
        delay_source=times.source,
        weights={name: weights(model_trace(inputs, corpus_decodes, name, "aat")) for name in inputs.models},
        systems=_of(results, "systems"),
        waterfalls=with_words(_of(results, "waterfall"), corpus_decodes.words),
        policies=with_words(_of(results, "policies"), corpus_decodes.words),
        maps=_of(results, "map"),
        efficiencies=_of(results, "efficiency"),
        rates=_of(results, "rates"),
        decoders=list(_of(results, "decoder").values()),
        chip_facts=chip_facts(chip),
        fallen=CompiledTrace(corpus_decodes.runs["aat"].trace, chip).fallen,
    )


def decoded(inputs: StudyInputs, progress: Progress) -> CorpusDecodes:
    """Every decode of the corpus."""
    results = computed(decodes(inputs.speech, inputs.beam, inputs.beam_systems), inputs.jobs, "decode", progress)
    return CorpusDecodes(
        {system: results["greedy", system] for system in SYSTEMS},
        {system: results["beam", system] for system in inputs.beam_systems},
        {system: results["placed", system] for system in PLACED},
    )


def costs(
    inputs: StudyInputs, corpus_decodes: CorpusDecodes, greedy: Mapping[System, Accuracy], times: WordTimes
) -> dict[tuple[str, Any], Call]:
    """The simulations, by (experiment, model or system); the longest first."""
    chip, seconds = inputs.speech.chip, corpus_decodes.seconds
    parts: dict[tuple[str, Any], Call] = {}
    for name in inputs.models:
        traces = {system: model_trace(inputs, corpus_decodes, name, system) for system in PAIR}
        parts["map", name] = partial(gain_map, traces, chip, inputs.handoffs_us, inputs.bandwidths)
        every = {system: model_trace(inputs, corpus_decodes, name, system) for system in SYSTEMS}
        parts["efficiency", name] = partial(efficiency_gains, every, chip, inputs.efficiencies)
        parts["systems", name] = partial(by_system, every, chip, seconds)
        parts["waterfall", name] = partial(waterfall, traces["aat"], chip, seconds)
        parts["policies", name] = partial(by_policy, traces["aat"], chip, seconds)
    real = {system: corpus_decodes.runs[system].trace for system in PAIR}
    for name, shape in inputs.shapes.items():
        parts["rates", name] = partial(rate_gains, real, shape, chip, inputs.pieces)
    for system in inputs.beam_systems:
        run, beam = corpus_decodes.runs[system], corpus_decodes.beams[system]
        wide = accuracy(f"{system}, beam {inputs.beam}", beam.pairs)
        parts["decoder", (system, 1)] = partial(decoder_figures, 1, run, greedy[system], chip)
        parts["decoder", (system, inputs.beam)] = partial(decoder_figures, inputs.beam, beam, wide, chip)
    for system, run in corpus_decodes.runs.items():
        trace = with_speech_ends(run.trace, times)
        parts["real time", system] = partial(in_real_time, system, trace, chip, inputs.endpointers)
    return parts


def _of(results: Mapping[tuple[str, Any], Any], experiment: str) -> dict[Any, Any]:
    return {name: result for (of, name), result in results.items() if of == experiment}


def model_trace(inputs: StudyInputs, corpus_decodes: CorpusDecodes, name: str, system: System) -> OpTrace:
    """The trained model's own trace of ``system``, or the same speech on one of the study's shapes."""
    trace, numerics = corpus_decodes.runs[system].trace, inputs.speech.chip.numerics
    return trace if name == TRAINED else retimed_trace(trace.utterances, inputs.shapes[name], system, numerics)


def with_words(steps: Mapping[str, Sequence[Placed]], words: Words) -> dict[str, list[Placed]]:
    """The trained model's placements with the word errors of their own decodes beside them."""
    trained = [
        replace(step, words={system: accuracies[step.label] for system, accuracies in words.items()})
        for step in steps[TRAINED]
    ]
    return {**{name: list(placed) for name, placed in steps.items()}, TRAINED: trained}


def weights(trace: OpTrace) -> int:
    """Number of weights of a trace's graphs."""
    return sum(spec.elements for spec in trace.tensors.values() if spec.role == "weight")


def in_real_time(
    system: System, trace: OpTrace, chip: NnaConfig, endpointers: Sequence[Endpointer]
) -> dict[tuple[str, str], list[RealTime]]:
    """Every utterance of one system, by (system, kind of endpointer)."""
    lines = list(timelines(simulate(trace, chip)))
    return {
        (system, endpointer.kind): [
            real_time(utterance, line, endpointer) for utterance, line in zip(trace.utterances, lines, strict=True)
        ]
        for endpointer in endpointers
    }


def chip_facts(chip: NnaConfig) -> list[tuple[str, str, str]]:
    """(field, value with unit, source) of the parameters that the study's answers depend on most."""
    from nnasim.hardware import preset_names, preset_rows

    decisive = (
        "clock_hz", "mac_array.macs_per_cycle", "sram.bytes", "dram.bytes_per_second", "dram.efficiency",
        "dram.read_latency_ns", "host.handoff_us", "host.float_matmul_gflops", "host.int8_matmul_gops",
        "host.cache_bytes",
        "host.sigmoid_ns_per_element", "host.tanh_ns_per_element", "numerics.activation", "numerics.cell_bits",
    )  # fmt: skip
    if chip.name not in preset_names():
        return []
    rows = {row.field: row for row in preset_rows(chip.name, chip)}
    return [
        (name, f"{_shown(rows[name].value)} {rows[name].unit}".strip(), rows[name].source)
        for name in decisive
        if name in rows
    ]


def _shown(value: object) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return unscaled(value) or f"{value:,.12g}"
    return str(value)
