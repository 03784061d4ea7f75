"""The delay study as a document, drawn from ``study.json``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from nnasim.markup import counted
from reports.blocks import Cell, Document, Figure, Listing, Quantity, Section, Table
from reports.charts.delays import delay_chart
from reports.figures.arms import percentages
from reports.figures.delays import MARKS, Delayed, words_against_delay
from reports.text import command_line, number

Row = Mapping[str, Any]
_SURE = 0.975
_PARTS = ("chunk", "emission_delay", "endpointer", "engine")


def delays_document(record: Mapping[str, Any]) -> Document:
    """Everything that `nnasim study delays` found."""
    base = (
        f"the base {record['base']}"
        if record["base"]
        else f"the base of its seed ({number(record['base_steps'])} steps)"
    )
    return Document(
        title=f"Words sooner: {record['recipe']}",
        lead=(
            Listing((answer(record),), "answers"),
            f"{counted(record['seeds'], 'seed')}; each model starts from {base}, which knows no penalty, and trains "
            f"for {counted(record['steps'], 'more step')}. Judged on {record['dev']}: "
            f"{counted(record['utterances'], 'utterance')}, {counted(record['words'], 'word')}, "
            "which chose no checkpoint. "
            f"Made by: {command_line(record['command'])}",
        ),
        sections=(_delays(record), _waits(record), _prices(record), _training(record)),
    )


def answer(record: Mapping[str, Any]) -> str:
    """A sentence that says which millisecond is cheaper on this chip, one of hand-offs or one of delay."""
    delay, handoff = record["delay"], record["handoff"]
    chip = " with ".join([record["preset"], *([", ".join(record["changes"])] if record["changes"] else [])])
    by_delay = "no delay penalty spares the user anything"
    if delay:
        by_delay = f"a delay penalty of {delay['penalty']:g} spares the user {_bought(delay)}"
    by_handoff = "operators on the chip spare nothing"
    if handoff:
        by_handoff = f"operators on the chip, which save hand-offs, spare {_bought(handoff)}"
    if record["cheaper"] is None:
        return f"On {chip} neither millisecond can be bought: {by_delay}, and {by_handoff}."
    return f"On {chip} the cheaper millisecond is the {record['cheaper']}'s: {by_delay}; {by_handoff}{_little(record)}."


def _little(record: Mapping[str, Any]) -> str:
    """A sentence for the case that the cheaper kind has fewer milliseconds to offer."""
    delay, handoff = record["delay"], record["handoff"]
    if not delay or not handoff:
        return ""
    gains = {"delay": delay["gained_ms"], "hand-off": handoff["gained_ms"]}
    cheap = record["cheaper"]
    ((other, most),) = ((name, gain) for name, gain in gains.items() if name != cheap)
    if gains[cheap] >= most:
        return ""
    return f"; but of the {cheap}'s there are only {number(gains[cheap])} ms to buy, of the {other}'s {number(most)}"


def _bought(price: Mapping[str, Any]) -> str:
    low, high = price["interval"]
    gain = f"{number(price['gained_ms'])} ms ({number(low)} to {number(high)})"
    if price["ms_per_tenth"] is None:
        return f"{gain} for no words: WER changes by {price['lost_points']:+.2f} points"
    doubt = "" if price["probability_lost"] >= _SURE else f", P that any are lost {price['probability_lost']:.2f}"
    cost = f"{number(price['ms_per_tenth'])} ms for each 0.1 point"
    return f"{gain} for {price['lost_points']:.2f} points of WER{doubt}: {cost}"


def _delays(record: Mapping[str, Any]) -> Section:
    figures = _figures(record)
    columns = (
        "penalty", "system", "seeds", "WER [%]", "low", "high", "WER of each seed [%]", "errors", "words",
        "words timed", "delay p50 [ms]", "delay p90 [ms]", "user-perceived latency, mean [ms]",
    )  # fmt: skip
    unit = f"nats that a symbol loses for each encoder output ({number(record['output_ms'])} ms) that it leaves later"
    return Section(
        "delays",
        "Word errors and delay",
        (
            f"penalty: {unit}, added to the log-probabilities that the loss sums over alignments; the auxiliary loss "
            "knows none. float: the float model on the CPU. cpu_fallback: the same model, its products on the chip and "
            "its activations on the CPU. aat: trained with the chip's own operators. Delay: from a word's end to its "
            f"symbol, of words that were recognised; the times come from {record['word_times']}. User-perceived "
            f"latency: engine, emission delay and the endpointer {record['decisive_endpointer']}.",
            *figures,
            Table(
                "delays",
                "Every penalty and system",
                columns,
                tuple(_delay_cells(record, row) for row in record["rows"]),
            ),
        ),
    )


def _delay_cells(record: Mapping[str, Any], row: Row) -> tuple[Cell, ...]:
    low, high = row["interval"] or (None, None)
    seeds = " ".join("-" if wer is None else f"{100 * wer:.2f}" for wer in row["per_seed"])
    return (
        _penalty(row["penalty"]), row["system"], row["seeds"], *(_percent(wer) for wer in (row["wer"], low, high)),
        seeds, row["errors"], row["words"], row["delays"], row["delay_p50_ms"], row["delay_p90_ms"],
        row["waits"][record["decisive_endpointer"]]["mean_ms"],
    )  # fmt: skip


def _penalty(value: float | None) -> Quantity:
    return Quantity(value, "" if value is None else f"{value:g}")


def _percent(fraction: float | None) -> Quantity:
    value = None if fraction is None else 100 * fraction
    return Quantity(value, number(value))


def _figures(record: Mapping[str, Any]) -> tuple[Figure, ...]:
    systems: dict[str, list[Delayed]] = {}
    for row in record["rows"]:
        if row["system"] in MARKS and row["wer"] is not None and row["delay_p50_ms"] is not None:
            point = Delayed(row["penalty"], row["delay_p50_ms"], percentages(row["wer"], row["interval"]))
            systems.setdefault(row["system"], []).append(point)
    caption = "Left is sooner, lower is better; each point is a penalty."
    drawn = ("delays", systems)
    return (Figure("delays", words_against_delay(*drawn), caption, delay_chart(*drawn)),) if systems else ()


def _waits(record: Mapping[str, Any]) -> Section:
    kinds = {endpointer["kind"]: endpointer["wait_ms"] for endpointer in record["endpointers"]}
    rows = tuple(
        (
            _penalty(row["penalty"]),
            row["system"],
            kind,
            wait["p50_ms"],
            wait["p90_ms"],
            wait["mean_ms"],
            *(wait["parts_ms"].get(part) for part in _PARTS),
            wait["unclosed"],
        )
        for row in record["rows"]
        for kind, wait in row["waits"].items()
    )
    parts = (f"{part.replace('_', ' ')} [ms]" for part in _PARTS)
    columns = ("penalty", "system", "endpointer", "p50 [ms]", "p90 [ms]", "mean [ms]", *parts, "closed early or never")
    return Section(
        "waits",
        "What the user waits for",
        (
            "From the end of speech to the final hypothesis, as the very decode runs on the chip; the means of its "
            "parts add up. An utterance is closed when no symbol has left for "
            f"{kinds['trailing_blanks']:g} ms (trailing_blanks), or {kinds['fixed_wait']:g} ms after its true end of "
            "speech (fixed_wait); the microphone stays open, in silence without a symbol, where a recording ends "
            "before. One closed before its speech ended, or in which nothing was heard, has no latency. A symbol that "
            "leaves before its word ends has no emission delay, but the endpointer's wait begins with it.",
            Table("waits", "User-perceived latency", columns, rows),
        ),
    )


def _prices(record: Mapping[str, Any]) -> Section:
    columns = (
        "bought with", "system", "spared [ms]", "low", "high", "WER lost [points]", "P(more errors)",
        "ms for 0.1 point",
    )  # fmt: skip
    return Section(
        "prices",
        "What a millisecond costs",
        (
            "Spared: how much shorter the mean user-perceived latency is, with its 95 % interval over utterances, each "
            "against itself without the penalty, of those that were heard without an error both times: who loses the "
            "last word closes sooner, which is no saving. Operators on the chip: the same decode with its "
            "activations on the chip against the CPU; the words lost are those of aat against cpu_fallback, both "
            "without a penalty. P: share of paired resamples with more errors. Where no word is lost there is no "
            "price. The answer takes the best penalty of aat, chosen on this very speech, which favours it.",
            Table("prices", "Milliseconds and words", columns, tuple(_price_rows(record))),
        ),
    )


def _price_rows(record: Mapping[str, Any]) -> Iterator[tuple[Cell, ...]]:
    if record["handoff"]:
        yield "operators on the chip", "aat", *_price_cells(record["handoff"])
    for row in record["rows"]:
        if row["price"]:
            yield f"penalty {row['penalty']:g}", row["system"], *_price_cells(row["price"])


def _price_cells(price: Mapping[str, Any]) -> tuple[Cell, ...]:
    names = ("lost_points", "probability_lost", "ms_per_tenth")
    return price["gained_ms"], *price["interval"], *(price[name] for name in names)


def _training(record: Mapping[str, Any]) -> Section:
    rows = tuple(
        (model["name"], model["steps"], round(model["cpu_seconds"], 1), model["sha256"][:12], model["command"])
        for model in record["models"]
    )
    columns = ("model", "steps", "CPU [s]", "sha256 of its numbers", "command")
    failed = [f"{name} could not be trained: {why}." for name, why in record["failed"].items()]
    missing = [f"Not trained, so not in the tables: {', '.join(record['missing'])}."] if record["missing"] else []
    return Section(
        "training",
        "What was trained",
        ("Each model by its own command.", *failed, *missing, Table("training", "Runs", columns, rows)),
    )
