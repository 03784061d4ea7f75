"""The same work on several chips: what each costs, in what they differ, and the words if speech is decoded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nnasim.errors import ConfigError
from nnasim.hardware import NnaConfig, load_preset
from nnasim.ir.result import SimResult
from nnasim.ir.trace import OpTrace, System
from nnasim.pipeline import simulate
from nnasim.progress import Progress, silent
from nnasim.studies.explaining.in_brief import Compared
from nnasim.studies.provenance import documented
from nnasim.sweeps.retarget import retarget
from reports.hypotheses import Hypothesis
from reports.naming import chip_labelled
from reports.result_set import ResultSet
from reports.summarise import figures


@dataclass(frozen=True)
class Chip:
    """A chip, and the preset's name or file that it was made from."""

    preset: str
    config: NnaConfig


def read_chip(text: str, named: str) -> Chip:
    """The chip of ``text``: a preset's name or a YAML file, then any changes, as "edge256 dram.bytes_per_second=12e9".

    ``named``: what an error calls a change. Raises ConfigError or FileError.
    """
    preset, *changes = [text] if Path(text).exists() else text.split()[:1000] or [""]
    return Chip(preset, load_preset(preset, changes, named=named))


def read_chips(texts: Sequence[str], source: str) -> list[Chip]:
    """The chips of ``texts``, two different ones or more. Raises ConfigError or FileError."""
    chips = [read_chip(text, f"chip {place}") for place, text in enumerate(texts, start=1)]
    refuse_alike(chips, source)
    return chips


def refuse_alike(chips: Sequence[Chip], source: str) -> None:
    """Raise ConfigError for fewer than two chips, and for two that are the same: there would be nothing to compare."""
    if len(chips) < 2:
        raise ConfigError(source, "chips", len(chips), "must be two chips or more")
    first: dict[str, int] = {}
    for place, chip in enumerate(chips, start=1):
        before = first.setdefault(chip.config.digest(), place)
        if before != place:
            raise ConfigError(
                source, f"chip {place}", chip.preset, f"is the same as chip {before}, {chips[before - 1].preset}"
            )


def on_chips_of_trace(
    trace: OpTrace, path: Path, chips: Sequence[Chip], command: str, progress: Progress = silent
) -> ResultSet:
    """The results of ``trace`` on every chip, each in its own arithmetic.

    Raises TraceError if the trace's graphs are not known in another arithmetic, and every error that a simulation
    raises.
    """
    works, results, explained = list[OpTrace](), list[SimResult](), Compared()
    for done, chip in enumerate(chips, start=1):
        works.append(retarget(trace, chip.config.numerics, None, path))
        results.append(_on_chip(works[-1], chip, command, explained))
        progress("chips", done, len(chips))
    labels = chip_labelled(results)
    return ResultSet(labels, traces=dict(zip(labels, works, strict=True)))


def _on_chip(trace: OpTrace, chip: Chip, command: str, explained: Compared) -> SimResult:
    """The result of ``trace`` on ``chip``, with what would help there."""
    result = explained.with_what_ifs(simulate(trace, chip.config), trace, chip.config)
    return documented(result, chip.preset, chip.config, command)


@dataclass(frozen=True)
class Speech:
    """The speech to decode on every chip: the first ``limit`` utterances of a manifest, by one system of some
    models.
    """

    checkpoints: Path
    manifest: Path
    system: System
    limit: int | None = None


def on_chips_of_speech(speech: Speech, chips: Sequence[Chip], command: str, progress: Progress = silent) -> ResultSet:
    """Speech decoded in each chip's arithmetic, and what that costs there. Raises what decoding it raises."""
    from aat_training.evaluate import run_system
    from aat_training.score import score, wer_interval

    results, scores, runs, explained = list[SimResult](), [], [], Compared()
    for chip in chips:
        run = run_system(speech.checkpoints, speech.system, speech.manifest, chip.config, speech.limit, progress)
        results.append(_on_chip(run.trace, chip, command, explained))
        scores.append(score(run.pairs))
        runs.append(run)
    labels = chip_labelled(results)
    scored = {
        label: figures(result, wer=words.wer, wer_ci=wer_interval(words), errors=words.errors)
        for (label, result), words in zip(labels.items(), scores, strict=True)
    }
    hypotheses = [
        Hypothesis(id, label, reference, hypothesis)
        for label, run in zip(labels, runs, strict=True)
        for id, reference, hypothesis in run.hypotheses
    ]
    traces = {label: run.trace for label, run in zip(labels, runs, strict=True)}
    return ResultSet(labels, hypotheses=hypotheses, scored=scored, traces=traces)
