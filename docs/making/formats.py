"""File formats, as JSON schemas of the records that check them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, NamedTuple

from docs.making.tables import contents, table


class Format(NamedTuple):
    """A kind of file. ``schema``: ``module:name`` of what makes its schema, imported when asked, or of its record."""

    about: str
    schema: str


FORMATS: Mapping[str, Format] = {
    "trace": Format(
        "The operations of a recogniser, which a chip runs ([in words](../../traces.md)).", "nnasim.ir.trace:OpTrace"
    ),
    "result": Format("What `nnasim simulate` writes of one trace on one chip.", "nnasim.ir.result:SimResult"),
    "shared-result": Format(
        "What it writes of several models or streams on one chip ([in words](../../../how-to/streams.md)).",
        "nnasim.ir.shared:SharedResult",
    ),
    "chip": Format("A chip, as a YAML file ([its fields](../chip-fields.md)).", "nnasim.hardware.schema:preset_schema"),
    "shape": Format(
        "Sizes of a recogniser, a YAML file for `nnasim trace --shape`.", "workloads.rnnt.shapes:RnntShape"
    ),
    "sweep": Format(
        "A sweep over chips, as a YAML file ([in words](../../../how-to/sweep.md)).", "nnasim.sweeps.spec:SweepSpec"
    ),
    "budget": Format("Limits that a result must keep, a YAML file for `nnasim check-budget`.", "reports.budget:Budget"),
    "summary": Format(
        "`summary.json` of `nnasim compare` ([in words](../../../how-to/reports.md)).", "reports.summary:Summary"
    ),
    "chips": Format("`chips.json` of `nnasim compare-chips`.", "nnasim.studies.chips_record:ChipsRecord"),
    "fit": Format(
        "What `nnasim fit` found ([in words](../../../how-to/fit.md)).", "nnasim.studies.fitting.record:FitRecord"
    ),
    "manifest": Format(
        "A line of a manifest of recordings ([in words](../../../how-to/data.md)).",
        "docs.making.training_formats:manifest_schema",
    ),
    "alignment": Format(
        "A line of `MANIFEST.align.jsonl`, the times of words beside a manifest.",
        "docs.making.training_formats:alignment_schema",
    ),
    "checkpoint": Format(
        "`model.json` of a trained model; its numbers are in `model.safetensors`.",
        "docs.making.training_formats:checkpoint_schema",
    ),
    "shards": Format(
        "`index.json` of a folder of shards ([in words](../../../how-to/scaling.md)).",
        "docs.making.training_formats:shards_schema",
    ),
    "shard-line": Format(
        "A line of a shard's `manifest_N.json`, beside its `audio_N.tar`.",
        "docs.making.training_formats:shard_line_schema",
    ),
}

# What is no JSON, or has no record: where it is told in words.
OTHERS = (
    ("`model.safetensors`, weights of a trace", "safetensors", "[numerics](../../explanation/numerics-imported.md)"),
    (
        "`steps.npz`, what an imported model is calibrated on",
        "NumPy arrays",
        "[models](../../how-to/models.md)",
    ),
    ("`calls.csv`, when the graphs of a model run", "CSV: `time_s,graph`", "[models](../../how-to/models.md)"),
    ("tables of measured cycles", "CSV", "[validation](../../explanation/validation.md)"),
    ("timings of a board", "CSV", "[fit](../../how-to/fit.md)"),
    ("an index of single words", "TSV", "[corpora](../../how-to/corpora.md)"),
    ("a store of sweeps", "SQLite", "[sweep](../../how-to/sweep.md)"),
    ("`ops.csv`, `hypotheses.csv`, `timeline.json`", "CSV, Chrome trace", "[reports](../../how-to/reports.md)"),
)


def format_names() -> list[str]:
    """Names of the pages, without making a schema."""
    return ["formats", *(f"formats/{name}" for name in FORMATS)]


def format_pages() -> dict[str, str]:
    """The list of formats and a page for each, with its JSON schema."""
    rows = [
        (f"[{name}](formats/{name}.md)", form.about.partition(" ([")[0].rstrip(".")) for name, form in FORMATS.items()
    ]
    overview = [
        "# File formats",
        "Which files nnasim reads and writes, and what each may hold. Those of the first table have a JSON schema "
        "each, made of the record that checks the file when it is read; a YAML file has the schema of what it says.",
        table(("format", "what it is"), rows),
        "The others are told in words:",
        table(("file", "kind", "in words"), OTHERS),
        contents(f"formats/{name}" for name in FORMATS),
    ]
    pages = {f"formats/{name}": _page(name, form.about, schema_of(name)) for name, form in FORMATS.items()}
    return {"formats": "\n\n".join(overview) + "\n", **pages}


def _brief(form: Format) -> str:
    return form.about.partition(" ([")[0].rstrip(".")


def schema_of(name: str) -> dict[str, Any]:
    """The JSON schema of a format."""
    module, _, attribute = FORMATS[name].schema.partition(":")
    maker: Any = getattr(import_module(module), attribute)
    schema: Callable[[], dict[str, Any]] = getattr(maker, "model_json_schema", maker)
    return _in_its_words(schema())


_WORDS = {"ge": "minimum", "le": "maximum", "gt": "exclusiveMinimum", "lt": "exclusiveMaximum"}


def _in_its_words(part: Any) -> Any:
    """``part`` with JSON schema's words for bounds: pydantic leaves its own where a function of ours comes first."""
    if isinstance(part, list):
        return [_in_its_words(each) for each in part]
    if not isinstance(part, dict):
        return part
    return {
        key if isinstance(value, dict) else _WORDS.get(key, key): _in_its_words(value) for key, value in part.items()
    }


def _page(name: str, about: str, schema: dict[str, Any]) -> str:
    return f"# {name}\n\n{about}\n\n```json\n{json.dumps(schema, indent=1, ensure_ascii=False)}\n```\n"
