"""The training study as a document, drawn from ``study.json``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from nnasim.markup import counted
from reports.blocks import Cell, Document, Figure, Section, Table
from reports.charts.dots import arm_errors_chart, arm_shares_chart
from reports.figures.arms import MARKS, Point, percentages, shares_by_chip, word_errors_by_chip
from reports.text import command_line, number, percent

Row = Mapping[str, Any]
NO_CHIP = "-"
LOSS_THAT_COUNTS = 0.05  # of a relative loss below this, a share won back says nothing
GOAL = 0.9


def numerics_document(record: Mapping[str, Any]) -> Document:
    """Everything that `nnasim study numerics` found."""
    return Document(
        title=f"What accelerator-aware training wins back: {record['recipe']}",
        lead=(
            f"{counted(record['seeds'], 'seed')}; each arm starts from the base of its seed "
            f"({number(record['base_steps'])} steps) and trains for {number(record['steps'])} more. "
            f"Judged on {record['dev']}: "
            f"{counted(record['utterances'], 'utterance')}, {counted(record['words'], 'word')}, "
            f"which chose no checkpoint. Made by: {command_line(record['command'])}",
        ),
        sections=(
            _verdict(record),
            _words_wrong(record),
            _gradients(record),
            _calibrations(record),
            _training(record),
            _commands(record),
        ),
    )


def _on_chips(record: Mapping[str, Any]) -> dict[str, dict[str, Row]]:
    """Rows by chip and arm."""
    chips: dict[str, dict[str, Row]] = {}
    for row in record["rows"]:
        if row["chip"] != NO_CHIP:
            chips.setdefault(row["chip"], {})[row["arm"]] = row
    return chips


def _reference(record: Mapping[str, Any]) -> Row | None:
    return next((row for row in record["rows"] if row["arm"] == "float"), None)


def _verdict(record: Mapping[str, Any]) -> Section:
    shares: dict[str, dict[str, Point]] = {
        chip: {arm: percentages(rows[arm]["recovered"], rows[arm]["recovered_interval"]) for arm in ("qat", "aat")
               if arm in rows and rows[arm]["recovered"] is not None}
        for chip, rows in _on_chips(record).items()
        if _loses(rows)
    }  # fmt: skip
    shares = {chip: arms for chip, arms in shares.items() if arms}
    missing = record["missing"]
    paragraphs = [*_answers(record)]
    for name, why in record["failed"].items():
        paragraphs.append(f"{name} could not be trained: {why}.")
    if missing:
        paragraphs.append(f"Not trained, so not in the tables: {', '.join(missing)}.")
    figures: tuple[Figure, ...] = ()
    if shares:
        caption = f"Chips on which naive loses at least {100 * LOSS_THAT_COUNTS:.0f} % relative."
        figures = (Figure("shares", shares_by_chip("shares", shares), caption, arm_shares_chart("shares", shares)),)
    return Section("verdict", "What is won back", (*paragraphs, *figures))


def _answers(record: Mapping[str, Any]) -> Iterator[str]:
    """A sentence for each chip: what naive loses, what aat and ordinary QAT win back of it."""
    for chip, rows in _on_chips(record).items():
        naive, aat, qat = (rows.get(arm) for arm in ("naive", "aat", "qat"))
        if naive is None or aat is None or naive["loss"] is None:
            continue
        if naive["loss"] < LOSS_THAT_COUNTS:
            lost = f"only {percent(naive['loss'], 1)} worse than" if naive["loss"] > 0 else "no worse than"
            yield f"{chip}: naive is {lost} float: hardly anything to win back."
            continue
        ordinary = "" if qat is None else f"; ordinary QAT {_share(qat)}"
        loses = f"{chip}: naive is {percent(naive['loss'], 1)} worse than float"
        yield f"{loses}; aat wins back {_share(aat)}{_reached(aat)}{ordinary}."


def _reached(aat: Row) -> str:
    if aat["recovered"] is None:
        return ""
    return ", the goal of 90 % is reached" if aat["recovered"] >= GOAL else ", short of the goal of 90 %"


def _share(row: Row) -> str:
    """A share never stands without its count and its interval; too few errors have neither, only the count."""
    won, lost, interval = row.get("won"), row.get("lost"), row["recovered_interval"]
    count = "" if won is None or lost is None else f"{number(won)} of {number(lost)} errors"
    if row["recovered"] is None or interval is None:
        return f"{count or 'an unknown share'}, too few or too uncertain for a share"
    spread = f"{100 * interval[0]:.0f} to {100 * interval[1]:.0f} %"
    return f"{percent(row['recovered'], 0)} ({', '.join(part for part in (count, spread) if part)})"


def _words_wrong(record: Mapping[str, Any]) -> Section:
    points: dict[str, dict[str, Point]] = {}
    for chip, rows in _on_chips(record).items():
        points[chip] = {arm: percentages(rows[arm]["wer"], rows[arm]["interval"]) for arm in MARKS if arm in rows}
    reference = _reference(record)
    around = None if reference is None else percentages(reference["wer"], reference["interval"])
    caption = "Dashed line and grey band: the float model that trained on for as long."
    figures: tuple[Figure, ...] = ()
    if any(points.values()):
        whole = ("wer", points, around)
        figures = (Figure("wer", word_errors_by_chip(*whole), caption, arm_errors_chart(*whole)),)
    return Section(
        "words",
        "Words wrong",
        (
            f"naive: the float arm on the chip, the calibration with the fewest errors on {_chosen_on(record)}. qat: "
            "trained with the chip's weights and activations but float activation functions, then put on the chip, "
            "again with the best calibration. aat: trained with that chip's own operators, ranges from the training "
            f"speech. {_favours(record)}P(fewer than ...): share of paired "
            "bootstrap resamples over utterances in which the arm makes fewer errors.",
            *figures,
            _table(record),
        ),
    )


def _chosen_on(record: Mapping[str, Any]) -> str:
    return record.get("choose") or "this very speech"


def _favours(record: Mapping[str, Any]) -> str:
    return "" if record.get("choose") else "So the choice of a calibration favours naive and qat. "


def _table(record: Mapping[str, Any]) -> Table:
    columns = (
        "chip", "arm", "calibration", "seeds", "WER [%]", "low", "high", "WER of each seed [%]", "errors", "words",
        "loss [% of float]", "won back [%]", "P(fewer than naive)", "P(fewer than qat)",
    )  # fmt: skip
    losing = {chip for chip, rows in _on_chips(record).items() if _loses(rows)}
    rows = tuple(_cells(row, shares=row["chip"] in losing) for row in record["rows"])
    note = f"A share won back is shown where naive loses at least {100 * LOSS_THAT_COUNTS:.0f} % relative."
    return Table("wer", "Every arm on every chip", columns, rows, note)


def _loses(rows: Mapping[str, Row]) -> bool:
    """Whether naive loses so much on a chip that a share of it means something."""
    return (rows.get("naive", {}).get("loss") or 0) >= LOSS_THAT_COUNTS


def _cells(row: Row, *, shares: bool = False) -> tuple[Cell, ...]:
    low, high = row["interval"] or (None, None)
    return (
        row["chip"], row["arm"], row["calibration"], row["seeds"], _pct(row["wer"]), _pct(low), _pct(high),
        " ".join(percent(rate, 2).removesuffix(" %") for rate in row["per_seed"]), row["errors"], row["words"],
        _pct(row["loss"]), _pct(row["recovered"]) if shares else None, row["better_than_naive"], row["better_than_qat"],
    )  # fmt: skip


def _pct(fraction: float | None) -> float | None:
    return None if fraction is None else round(100 * fraction, 4)


def _gradients(record: Mapping[str, Any]) -> Section:
    named = {"aat": "derivative from the unit's own output", "aat-segment": "slope of the table's segment",
             "aat-identity": "straight through"}  # fmt: skip
    rows = tuple(
        (chip, meaning, row["seeds"], *_cells(row)[4:8], row["better_than_naive"])
        for chip, arms in _on_chips(record).items()
        for arm, meaning in named.items()
        if (row := arms.get(arm)) is not None and "aat-segment" in arms
    )
    columns = (
        "chip",
        "gradient rule",
        "seeds",
        "WER [%]",
        "low",
        "high",
        "WER of each seed [%]",
        "P(fewer than naive)",
    )
    words = "How the gradient passes an activation unit; the forward pass is the same integers."
    if not rows:
        words = "Only one rule was trained here, so there is nothing to compare."
    tables = (Table("gradients", "Gradient rules", columns, rows),) if rows else ()
    return Section("gradients", "Gradient rules", (words, *tables))


def _calibrations(record: Mapping[str, Any]) -> Section:
    rows = tuple((chip, arm, method, _pct(wer)) for chip, arm, method, wer in record["calibrations"])
    words = (
        "How the ranges of a model that was not trained for the chip are found, all seeds together, "
        f"on {_chosen_on(record)}."
    )
    table = Table("calibrations", "Calibrations", ("chip", "arm", "calibration", "WER [%]"), rows)
    return Section("calibrations", "Calibrations", (words, table))


def _training(record: Mapping[str, Any]) -> Section:
    rows = tuple(
        (model["name"], model["steps"], round(model["cpu_seconds"], 1), model["sha256"][:12], model["command"])
        for model in record["models"]
    )
    columns = ("model", "steps", "CPU [s]", "sha256 of its numbers", "command")
    words = (
        "Each model by its own command. CPU seconds are those of one process with one thread on a machine that did "
        "other work too."
    )
    return Section("training", "What was trained", (words, Table("training", "Runs", columns, rows)))


def _commands(record: Mapping[str, Any]) -> Section:
    rows = tuple((row["chip"], row["arm"], command) for row in record["rows"] for command in row["commands"])
    words = "The command of each score, one per seed; the rows above are their sums."
    table = Table("commands", "Commands", ("chip", "arm", "command"), rows)
    return Section("commands", "How each number is made", (words, table))
