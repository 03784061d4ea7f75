"""`report.html`: one offline page. The template holds the words; this module gathers what stands in it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from nnasim import files
from nnasim.ir.result import SimResult
from nnasim.units import cycles_to_ms
from reports import operations
from reports.energy import labelled_chips, nodes, range_table
from reports.figures.gantt import gantt
from reports.figures.headline import headline
from reports.figures.latency import distribution
from reports.figures.where import blocks, kinds, longest_kind
from reports.gain import gain_sentences
from reports.hypotheses import misheard
from reports.notes import notes
from reports.parameters import Parameter, parameters
from reports.study import Study
from reports.summarise import engine_latencies_ms, frame_latencies_ms, processing_ms
from reports.text import data_size, number, percent, visible

TEMPLATES = Path(__file__).parent / "templates"


def write_page(path: str | Path, study: Study, *, force: bool = False) -> None:
    """The page of ``study``, atomically."""
    files.write_bytes(path, page(study).encode("utf-8"), force=force)


def page(study: Study) -> str:
    """The page as text. Everything that comes from a file is escaped, and made visible, by the environment."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=lambda value: visible(value) if type(value) is str else value,  # not Markup: that is ours
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": number, "percent": percent, "data_size": data_size}
    return environment.get_template("report.html.j2").render(_context(study))


def _context(study: Study) -> dict[str, Any]:
    return {
        "study": study,
        "title": _title(study),
        "figures": study.figures(),
        "single": study.single_utterance,
        "gained": gain_sentences(study.summary.gain) if study.summary else [],
        "notes": notes(study.results),
        "pictures": _pictures(study),
        "misheard": misheard(study.hypotheses),
        "bounds": {label: _bound(result) for label, result in study.results.items()},
        "ranges": _ranges(study.results),
        "chips": _chips(study.results),
        "not_modelled": _not_modelled(study.results),
        "numerics": sorted({result.numerics_hash for result in study.results.values()}),
    }


def _title(study: Study) -> str:
    """What stands side by side, and on which chip unless the labels say."""
    presets = list(dict.fromkeys(result.preset for result in study.results.values()))
    labels = list(study.results)
    names = ("; " if any(", " in label for label in labels) else ", ").join(labels)
    return names if len(presets) > 1 else f"{names} on {presets[0]}"


def _pictures(study: Study) -> dict[str, Any]:
    """Each figure as markup, by the section it stands in; a figure without data is absent."""
    import markupsafe

    results = study.results
    times = {label: operations.time_per_kind(result) for label, result in results.items()}
    scale = longest_kind(times)
    drawn: dict[str, list[str | None]] = {
        "headline": [headline(study.figures())],
        "latency": [
            None
            if study.single_utterance
            else distribution("engine", "utterances", _each(results, engine_latencies_ms)),
            distribution("frame", "frames", _each(results, frame_latencies_ms)),
        ],
        "kinds": [kinds(f"kinds{n}", name, times[name], scale) for n, name in enumerate(results)],
        "blocks": [
            blocks(f"blocks{n}", name, operations.block_shares(results[name])) for n, name in enumerate(results)
        ],
        "gantt": [gantt(f"gantt{n}", name, results[name]) for n, name in enumerate(results)],
    }
    return {
        section: [markupsafe.Markup(picture) for picture in pictures if picture] for section, pictures in drawn.items()
    }


def _each(results: Mapping[str, SimResult], of: Any) -> dict[str, Any]:
    return {label: of(result) for label, result in results.items()}


def _bound(result: SimResult) -> tuple[float, float, float | None]:
    """(processing time, its closed-form lower bound [ms], their ratio)."""
    simulated, bound = processing_ms(result), cycles_to_ms(result.bound_cycles, result.clock_hz)
    return simulated, bound, simulated / bound if bound else None


def _ranges(results: Mapping[str, SimResult]) -> list[dict[str, Any]]:
    """Tables of figures that are known within a range only; those that nobody computed are absent."""
    chips = {result.hardware_hash: result for result in results.values()}  # systems on one chip share its area
    known: list[tuple[str, Literal["energy_mj", "area_mm2"], str, Mapping[str, SimResult]]] = [
        ("energy", "energy_mj", "Energy [mJ] over the whole corpus", results),
        ("area", "area_mm2", "Area [mm²]", labelled_chips(list(chips.values()))),
    ]
    return [
        {"title": title, "nodes": nodes(shown, section), "table": table}
        for section, figure, title, shown in known
        if (table := range_table(shown, figure)) is not None
    ]


def _chips(results: Mapping[str, SimResult]) -> list[tuple[str, list[Parameter]]]:
    """(name, parameters) of each different chip."""
    chips = {result.hardware_hash: (result.preset, parameters(result)) for result in results.values()}
    return list(chips.values())


def _not_modelled(results: Mapping[str, SimResult]) -> list[str]:
    return list(dict.fromkeys(item for result in results.values() for item in result.not_modelled))
