"""Bringing a foreign model in: its files, when it is called, and what a chip makes of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nnasim import files
from nnasim.csvtext import csv_text
from nnasim.errors import NOT_GIVEN, ConfigError
from nnasim.functional.stored import STEPS
from nnasim.ir.imported import Recipe
from nnasim.numerics.config import NumericsConfig
from nnasim.numerics.histogram import Method
from nnasim.progress import Progress, silent
from nnasim.studies.foreign_speech import FeatureKind, speech_of
from nnasim.studies.recording import Recorded
from workloads.importers.foreign import source_of
from workloads.importers.recipes import (
    calibrated_with,
    graph_name,
    is_list_of_layers,
    made,
    model_from,
    refuse_idle_choices,
    refuse_idle_settings,
)
from workloads.importers.topology_trace import GRAPH
from workloads.stepgraph.decoding.calls import Calls, Heard, measured, periodic, periodic_speech, with_symbols
from workloads.stepgraph.decoding.greedy import Speech, greedy
from workloads.stepgraph.decoding.transducer import DECODER, ENCODER, JOINER, Transducer
from workloads.stepgraph.graph import StepGraph
from workloads.stepgraph.importing import ModelImport, imported, model_of
from workloads.stepgraph.lowering.ledger import Ledger

ROLES = (ENCODER, DECODER, JOINER)
FRAME_MS = 10.0  # from one frame of features to the next
UNSAID_S = 1.0  # of audio, if only a period is given; or one period, if that is longer


@dataclass(frozen=True)
class When:
    """The times at which the graphs run. Exactly one of: ``calls``, a table; ``manifest``, speech; else ``period_ms``,
    ``seconds``.

    ``seconds``: None for ``UNSAID_S``, or one period if that is longer. ``symbols_per_second``: for a transducer
    without real speech. With speech: ``features`` with ``mels`` filters (None: as many as the encoder's last axis has)
    at ``sample_rate``, for the first ``limit`` utterances.
    """

    period_ms: float | None = None
    seconds: float | None = None
    symbols_per_second: float | None = None
    calls: Path | None = None
    manifest: Path | None = None
    features: FeatureKind = "fbank"
    mels: int | None = None
    sample_rate: int = 16000
    limit: int | None = None


def calls_of(
    when: When, graphs: Sequence[str], transducer: Transducer | None = None, progress: Progress = silent
) -> Calls:
    """The calls of ``graphs``, those of a ``transducer`` or of models that run one after another.

    Raises ConfigError for missing settings or for settings that cannot be combined, and every error that reading the
    table or the speech raises.
    """
    if when.manifest is None:
        _refuse(when, "without a `manifest`", "limit")
    if when.manifest is None or transducer is None:
        _refuse(when, "but by a transducer that decodes a `manifest`", "features", "mels", "sample_rate")
    if when.calls is not None:
        _refuse(when, "with measured `calls`", "period_ms", "seconds", "symbols_per_second", "manifest")
        return measured(when.calls, graphs)
    if when.manifest is not None:
        _refuse(when, "with real speech", "seconds", "symbols_per_second")
        return _of_speech(when, when.manifest, graphs, transducer, progress)
    if (period_ms := when.period_ms) is None:
        allowed = "say when the model runs: `period_ms` and `seconds`; `calls`, a table; or `manifest`, speech"
        raise ConfigError("import", "calls", NOT_GIVEN, allowed)
    seconds = max(UNSAID_S, period_ms / 1e3) if when.seconds is None else when.seconds
    if transducer is None:
        _refuse(when, "without encoder, decoder and joiner", "symbols_per_second")
        return periodic(graphs, period_ms, seconds)
    if when.symbols_per_second is None:
        allowed = "a transducer emits symbols: say how many with `symbols_per_second`, or give a `manifest` to decode"
        raise ConfigError("import", "calls", NOT_GIVEN, allowed)
    return with_symbols(transducer.row_graphs(), period_ms, seconds, when.symbols_per_second)


def _refuse(when: When, why: str, *fields: str) -> None:
    for field in fields:
        if (value := getattr(when, field)) not in (None, getattr(When(), field)):
            raise ConfigError("import", field, value, f"is not used {why}")


def _of_speech(
    when: When, manifest: Path, graphs: Sequence[str], transducer: Transducer | None, progress: Progress
) -> Calls:
    """A transducer decodes the speech; any other model is called for as long as it lasts."""
    from aat_training.data.check import check_files, seconds_of
    from aat_training.data.manifest import read_manifest

    entries = read_manifest(manifest, when.limit)
    check_files(entries)
    if transducer is None:
        if when.period_ms is None:
            raise ConfigError("import", "period_ms", NOT_GIVEN, "must be given for a model that decodes no words")
        speech = [Heard(entry.id, seconds_of(entry), entry.speech_end) for entry in entries]
        return periodic_speech(graphs, when.period_ms, speech, manifest.name)
    mels = when.mels or transducer.encoder.tensor(transducer.features).shape[-1]
    shift = None if when.period_ms is None else _frames(when.period_ms)
    corpus = with_counted(speech_of(entries, when.features, mels, when.sample_rate), len(entries), progress)
    return greedy(transducer, corpus, shift=shift, source=f"{manifest.name}, {mels} {when.features} features")


def with_counted(speech: Iterable[Speech], total: int, progress: Progress) -> Iterator[Speech]:
    """``speech`` unchanged; ``progress`` is told of each."""
    for done, heard in enumerate(speech, start=1):
        progress("utterances", done, total)
        yield heard


def _frames(period_ms: float) -> int:
    """Frames of features in a period. Raises ConfigError if it is no whole number of them."""
    frames = round(period_ms / FRAME_MS)
    if frames < 1 or abs(frames * FRAME_MS - period_ms) > 1e-6:
        raise ConfigError("import", "period_ms", period_ms, f"must be a multiple of {FRAME_MS:g} ms, a frame's time")
    return frames


def import_files(recipe: Recipe, when: When, numerics: NumericsConfig, progress: Progress = silent) -> ModelImport:
    """The trace of the models in files, and its integers if there are calibration steps.

    Raises FileError, ModelError, RefusedModelError (all reasons at once), ConfigError, InputError or NumericsError.
    """
    refuse_idle_settings(recipe)
    if is_list_of_layers(recipe):
        return made(recipe, numerics, calls_of(when, [GRAPH]))
    model = model_from(recipe)
    return made(recipe, numerics, calls_of(when, list(model.graphs), model.transducer, progress), model)


def import_graphs(
    graphs: Mapping[str, StepGraph], when: When, numerics: NumericsConfig, *, steps: Any = None, method: Method = "mse",
    on_cpu: Sequence[str] = (), blank: int = 0, progress: Progress = silent,
) -> ModelImport:  # fmt: skip
    """The trace of models that were read already; ``steps``: arrays by input, a file of them, "random", or None.

    Raises RefusedModelError, ConfigError, InputError or NumericsError.
    """
    refuse_idle_choices(graphs, steps, method, blank)
    names = ", ".join(dict.fromkeys(graph.name or name for name, graph in graphs.items()))[:500]
    model = model_of(graphs, names, [source_of(graph) for graph in graphs.values()], blank)
    calls = calls_of(when, list(model.graphs), model.transducer, progress)
    calibrated = calibrated_with(model, steps, method)
    return imported(model, numerics, calls, calibrated=calibrated, on_cpu=on_cpu)


def recorded_import(result: ModelImport) -> Recorded:
    """A trace and its integers, with the inputs of the calibration beside them, so that a functional chip can use the
    same.
    """
    heard = {f"{STEPS}{tensor}": values for tensor, values in result.inputs.items()}
    return Recorded(result.trace, {**result.constants, **heard})


def recipe_models(models: Sequence[Path], roles: Mapping[str, Path | None]) -> dict[str, str]:
    """File by graph: a transducer's three by their roles, others by their names.

    Raises ConfigError for none, for one or two of the three, for both kinds together, and for two of one name.
    """
    given = {role: path for role, path in roles.items() if path is not None}
    if given:
        if models:
            allowed = "must be left out beside a transducer's three models"
            raise ConfigError("import", "model", models[0], allowed)
        for role in ROLES:
            if role not in given:
                raise ConfigError(
                    "import", role, NOT_GIVEN, f"a transducer has {', '.join(ROLES)}: all three are needed"
                )
        return {role: str(given[role]) for role in ROLES}
    if not models:
        raise ConfigError("import", "model", NOT_GIVEN, f"give a model's file, or {', '.join(ROLES)}")
    if len(models) == 1 and models[0].suffix.lower() == ".csv":
        return {GRAPH: str(models[0])}
    named = {graph_name(path): str(path) for path in models}
    if len(named) < len(models):
        raise ConfigError("import", "model", ", ".join(map(str, models)), "must have names that differ")
    return named


WORST_SHOWN = 5


def import_lines(result: ModelImport) -> Iterator[str]:
    """Lines on an import: where the nodes run, what its integers claim, and which of them lose most."""
    imported = result.trace.imported
    assert imported is not None
    if imported.nodes:
        yield "nodes: " + ", ".join(f"{count:,} {where}" for where, count in imported.nodes.items())
    yield f"calls: {imported.calls}"
    yield f"claim: {imported.claim}" + (f", since {imported.reason}" if imported.reason else "")
    if imported.calibration:
        yield f"calibrated on {imported.calibration}"
    worst = imported.distances[:WORST_SHOWN]
    for node in (*worst, *(node for node in imported.distances[WORST_SHOWN:] if node.proposal)):
        if node.signal_db is not None:
            proposal = f"; {node.proposal}" if node.proposal else ""
            yield f"  {node.signal_db:z6.1f} dB signal to error in {node.node} ({node.operator}){proposal}"


def import_figures(result: ModelImport) -> dict[str, Any]:
    """The figures of an import for other programs: its record in the trace, and its size."""
    imported, trace = result.trace.imported, result.trace
    assert imported is not None
    calls = sum(len(utterance.call_graphs) for utterance in trace.utterances)
    sizes = {"utterances": len(trace.utterances), "invocations": calls, "macs_per_call": result.ledger.macs}
    return {**imported.model_dump(mode="json"), **sizes}


def write_ledger(path: Path, ledger: Ledger, *, force: bool = False) -> None:
    """Write one row for each node as CSV, atomically. Raises FileError."""
    header = ("graph", "node", "operator", "fate", "macs", "operations", "why")
    rows = ((row.graph, row.node, row.operator, row.fate, row.macs, " ".join(row.ops), row.why) for row in ledger.rows)
    files.write_bytes(path, csv_text(header, rows).encode(), force=force)
