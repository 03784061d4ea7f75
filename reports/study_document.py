"""The latency study as a document: which words, tables and figures stand where."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from nnasim.analysis.bootstrap import percentile_estimate
from nnasim.analysis.percentiles import PERCENTILES
from nnasim.analysis.realtime import RealTime
from nnasim.markup import counted
from reports.blocks import Cell, Document, Figure, Section, Table
from reports.charts.dots import accuracy_chart
from reports.charts.placement import waterfall_chart
from reports.charts.time import wait_chart
from reports.ends import ends
from reports.figures.placement import placed_finding, waterfall
from reports.figures.waits import PARTS, wait_finding, waits, word_errors
from reports.gain import words_sentence
from reports.study_assumptions import ASSUMPTIONS
from reports.study_claim import claim
from reports.study_record import Decoder, LatencyStudy, Placed
from reports.text import command_line, number, percent


def study_document(study: LatencyStudy) -> Document:
    """Everything that `nnasim study aat` found."""
    return Document(
        title=f"What keeping operations on the accelerator buys: {study.preset}",
        lead=(
            f"{counted(study.utterances, 'utterance')}, {number(study.audio_seconds)} s of speech from "
            f"{study.manifest}, {number(study.symbols_per_second)} symbols a second of audio. "
            f"Made by: {command_line(study.command)}",
        ),
        sections=(
            claim(study),
            _accuracy(study),
            _real_time(study),
            _placement(study),
            _policies(study),
            _decoders(study),
            _assumptions(study),
        ),
    )


def _accuracy(study: LatencyStudy) -> Section:
    rows: list[tuple[Cell, ...]] = []
    for accuracy in study.accuracies:
        low, high = accuracy.interval or (None, None)
        rows.append((accuracy.name, *map(_percent, (accuracy.wer, low, high)), accuracy.errors, accuracy.words))
    share = words_sentence(study.gain) or "not all of float, naive and aat were scored"
    return Section(
        "accuracy",
        "Words wrong",
        (
            f"{share}.",
            _word_errors(study),
            Table("wer", "Word error rates", _SCORED, tuple(rows)),
        ),
    )


def _word_errors(study: LatencyStudy) -> Figure:
    rates = {accuracy.name: accuracy.wer for accuracy in study.accuracies if accuracy.wer is not None}
    title = f"Word error rate: {ends(rates, percent)}" if rates else "No word error rate is known"
    whole = ("wer", title, study.accuracies)
    return Figure("wer", word_errors(*whole), "The same speech, greedy decoding.", accuracy_chart(*whole))


_SCORED = ("system", "word error rate [%]", "low [%]", "high [%]", "errors", "words")


def _percent(fraction: float | None) -> float | None:
    return None if fraction is None else 100 * fraction


def _real_time(study: LatencyStudy) -> Section:
    kinds = [endpointer.kind for endpointer in study.endpointers]
    figures = tuple(figure for kind in kinds for figure in _waited(study, kind))
    closed = tuple(_closed_row(system, kind, seen) for (system, kind), seen in study.realtime.items())
    delays: tuple[tuple[Cell, ...], ...] = tuple(
        (system, len(seconds), *_estimates([1e3 * value for value in seconds]))
        for system, seconds in study.delays_s.items()
        if seconds
    )
    blanks, wait = (endpointer.wait_ms for endpointer in study.endpointers)
    return Section(
        "real-time",
        "In real time",
        (
            "Audio arrives frame by frame and queues when the chip is late. A deadline is missed when a frame is not "
            "done as the next one arrives. The backlog counts frames that wait. User-perceived latency runs from the "
            "end of speech to the final hypothesis; its parts add up.",
            f"An utterance is closed when no symbol has left for {blanks:g} ms (trailing_blanks; where one symbol is a "
            f"whole word, symbols are that far apart), or {wait:g} ms after its true end of speech (fixed_wait), or by "
            "the end of its audio if that comes first. One closed before its speech ended is counted as early and has "
            "no latency.",
            *figures,
            Table("real_time", "Per utterance, percentiles with 95 % intervals", _ESTIMATED, tuple(_times(study))),
            Table(
                "closings", "How utterances were closed",
                ("system", "endpointer", "utterances", "by the endpointer", "by the audio's end", "early"), closed,
            ),
            Table(
                "emission_delays", "From a word's end to its symbol [ms]", ("system", "words", *_ESTIMATED[2:]), delays,
                f"Words that were recognised; their times come from {study.delay_source}.",
            ),
        ),
    )  # fmt: skip


def _waited(study: LatencyStudy, kind: str) -> Iterator[Figure]:
    if means := _mean_parts(study, kind):
        whole = (f"waits-{kind}", wait_finding(kind, means), means)
        caption = "Utterances that were closed after their speech had ended."
        yield Figure(whole[0], waits(*whole), caption, wait_chart(*whole))


_ESTIMATED = ("system", "figure", *(f"p{p}{end}" for p in PERCENTILES for end in ("", " low", " high")))


def _estimates(values: Sequence[float]) -> tuple[float, ...]:
    estimates = [percentile_estimate(values, percent) for percent in PERCENTILES]
    return tuple(value for estimate in estimates for value in (estimate.value, estimate.low, estimate.high))


def _times(study: LatencyStudy) -> Iterator[tuple[Cell, ...]]:
    first = study.endpointers[0].kind
    for (system, kind), seen in study.realtime.items():
        if kind == first:  # these do not depend on the endpointer
            yield system, "frame latency, mean [ms]", *_estimates([times.frame_latency_mean_ms for times in seen])
            yield system, "frame latency, worst [ms]", *_estimates([times.frame_latency_worst_ms for times in seen])
            yield system, "backlog, worst [frames]", *_estimates([times.backlog_worst for times in seen])
            yield system, "deadline misses", *_estimates([times.deadline_misses for times in seen])
            yield system, "engine latency [ms]", *_estimates([times.engine_latency_ms for times in seen])
        users = [times.upl_ms for times in seen if times.upl_ms is not None]
        if users:
            yield system, f"user-perceived, {kind} [ms]", *_estimates(users)


def _mean_parts(study: LatencyStudy, kind: str) -> dict[str, dict[str, float]]:
    means = {}
    for (system, of), seen in study.realtime.items():
        parts = [times.parts for times in seen if times.parts]
        if of == kind and parts:
            means[system] = {name: sum(utterance[name] for utterance in parts) / len(parts) for name in PARTS}
    return means


def _closed_row(system: str, kind: str, seen: Sequence[RealTime]) -> tuple[Cell, ...]:
    how = [times.closed for times in seen]
    return system, kind, len(seen), how.count("endpointer"), how.count("audio_end"), how.count("early")


_PLACED = ("model", "step", "engine latency mean [ms]", "processing [ms per s of audio]", "hand-offs a second [1/s]")
_WORDS = ("WER of aat's weights [%]", "WER of naive's weights [%]")


def _placed_rows(models: Mapping[str, Sequence[Placed]]) -> tuple[tuple[Cell, ...], ...]:
    return tuple(
        (name, step.label, step.engine_mean_ms, step.busy_ms_per_s, step.handoffs_per_s, *_words(step))
        for name, steps in models.items()
        for step in steps
    )


def _words(step: Placed) -> tuple[float | None, ...]:
    accuracies = [step.words.get(system) for system in ("aat", "naive")]
    return tuple(_percent(accuracy.wer) if accuracy else None for accuracy in accuracies)


def _placement(study: LatencyStudy) -> Section:
    figures = tuple(_waterfall(name, steps) for name, steps in study.waterfalls.items())
    return Section(
        "placement",
        "Operation by operation",
        (
            "Groups of operations move from the CPU to the chip one at a time, in the order of the bars; a group alone "
            "between two that are elsewhere costs crossings before it saves any. Where the CPU reads its int8 "
            "weights from the same DRAM, products alone are no faster on the chip: a paper-sized model waits for its "
            "weights either way.",
            "Word errors beside a step are those of a decode of its own, of the whole corpus: each operation is "
            "computed in the chip's integers or in float on the CPU, as it is placed, and values are rounded where "
            "the CPU hands them over. Weights have the chip's bits everywhere. aat's weights were trained for the chip "
            "and naive's for float, so each is at its best at its own end.",
            *figures,
            Table("waterfall", "The waterfalls as numbers", (*_PLACED, *_WORDS), _placed_rows(study.waterfalls)),
        ),
    )


def _waterfall(model: str, steps: Sequence[Placed]) -> Figure:
    whole = (f"waterfall-{model}", placed_finding(model, steps), steps)
    caption = "Top: everything on the CPU. Each bar moves one more group; the last line is what remains."
    return Figure(whole[0], waterfall(*whole), caption, waterfall_chart(*whole))


def _policies(study: LatencyStudy) -> Section:
    return Section(
        "policies",
        "What other compilers would do",
        (
            "The same graphs on a chip that lacks sigmoid and tanh, placed by three rules: vela (operator by "
            "operator), edge_tpu (everything after a graph's first unsupported operator leaves the chip), ane (a layer "
            "with an unsupported operator leaves it whole). Products then multiply int8 weights on the CPU. Word "
            "errors are those of a decode under each policy.",
            Table("policies", "Policies", (*_PLACED, *_WORDS), _placed_rows(study.policies)),
        ),
    )


def _decoders(study: LatencyStudy) -> Section:
    slots = max((decoder.slot_bytes for decoder in study.decoders), default=0)
    return Section(
        "decoders",
        "Greedy and beam search",
        (
            "float runs on the CPU, aat on the chip. With a beam the CPU normalises and ranks the logits of every "
            "joint step, so that each costs a crossing.",
            "Hypotheses share the buffer of the prediction network: h, c and the projection of each are saved after a "
            "prediction step, and loaded again when another hypothesis had its turn. These copies are operations of "
            "the trace (hypothesis_save, hypothesis_load, projection_load) on the unit that runs element-wise work, "
            f"up to {number(slots)} bytes a hypothesis; the SRAM that the slots take is not reserved.",
            Table("decoders", "What a beam costs and buys", _DECODED, tuple(map(_decoder_row, study.decoders))),
        ),
    )


_DECODED = (
    "system", "beam", "word error rate [%]", "errors", "engine mean [ms]", "engine p90 [ms]",
    "processing [ms per s of audio]", "joint steps [1/s]", "prediction steps [1/s]", "hand-offs [1/s]",
    "state copies [1/s]", "state copies [ms per s of audio]",
)  # fmt: skip


def _decoder_row(decoder: Decoder) -> tuple[Cell, ...]:
    p90 = percentile_estimate(decoder.engine_ms, 90).value
    mean = sum(decoder.engine_ms) / len(decoder.engine_ms)
    return (
        decoder.system, decoder.beam, _percent(decoder.accuracy.wer), decoder.accuracy.errors, mean, p90,
        decoder.busy_ms_per_s, decoder.joints_per_s, decoder.predictions_per_s, decoder.handoffs_per_s,
        decoder.copies_per_s, decoder.copies_ms_per_s,
    )  # fmt: skip


def _assumptions(study: LatencyStudy) -> Section:
    title, facts = f"The parameters that matter most: {study.preset}", tuple(study.chip_facts)
    chip = Table("chip", title, ("field", "value", "source"), facts)
    return Section("assumptions", "What was assumed", (*ASSUMPTIONS, chip))
