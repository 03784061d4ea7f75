"""``study.json``: everything that a delay study found, and what made it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from aat_training.recipes import load_recipe
from aat_training.run_folder import is_finished
from nnasim.studies.delays.findings import DECISIVE, Arms, cheaper, delay_price, findings, handoff_price
from nnasim.studies.delays.plan import DelayStudy, Model
from nnasim.studies.provenance import commit, versions
from nnasim.studies.training.commands import line, train_command
from nnasim.studies.training.record import steps_trained, trained
from nnasim.studies.training.runs import failure


def study_record(study: DelayStudy, arms: Arms, times_from: str, command: str) -> dict[str, Any]:
    """The study as JSON. ``times_from``: the source of word times; ``command``: the command that repeats the study."""
    planned = [*study.bases(), *study.arms()]
    models = [model for model in planned if is_finished(study.folder / model.name)]
    failures = {model.name: why for model in planned if (why := failure(study.folder / model.name)) is not None}
    rows = findings(arms)
    delay, handoff = delay_price(rows), handoff_price(arms)
    first = next(iter(next(iter(arms.values())).values())).score
    return {
        "kind": "nnasim.delay_study",
        "schema_version": 1,
        "command": command,
        "commit": commit(),
        "versions": versions(("torch", "torchaudio", "kaldialign")),
        "recipe": study.recipe,
        "preset": study.preset,
        "changes": list(study.changes),
        "output_ms": output_ms(study.recipe),
        "seeds": study.seeds,
        "dev": str(study.dev),
        "utterances": first.utterances,
        "words": first.words,
        "word_times": times_from,
        "endpointers": [asdict(endpointer) for endpointer in study.endpointers],
        "decisive_endpointer": DECISIVE,
        "base": None if study.base is None else str(study.base),
        "base_steps": None if study.base is not None else steps_trained(study.folder / Model(0, "base").name),
        "steps": study.steps_of(Model(0, "aat")),
        "rows": [asdict(row) for row in rows],
        "delay": None if delay is None else asdict(delay),
        "handoff": None if handoff is None else asdict(handoff),
        "cheaper": cheaper(delay, handoff),
        "models": [_model(study, model) for model in models],
        "missing": [model.name for model in planned if model not in models and model.name not in failures],
        "failed": failures,
    }


def output_ms(recipe: str) -> float:
    """Milliseconds of speech to each encoder output, the unit of a penalty's steps."""
    sizes = load_recipe(recipe)
    return sizes.model.stack * sizes.model.reduction * sizes.features.frame_period_s * 1e3


def _model(study: DelayStudy, model: Model) -> dict[str, Any]:
    command = train_command(study.run_spec(model), study.preset, study.changes, str(study.folder / model.name))
    return trained(study.folder, model.name, line(command))
