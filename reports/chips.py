"""Several chips on one page: what each costs, in what they differ, and what each of their numbers is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nnasim.analysis.change import gain_pct
from nnasim.analysis.pooled import engine_latencies_ms, real_time_factor
from nnasim.hardware.field_units import unit_of
from nnasim.ir.result import SimResult
from nnasim.sweeps.objectives import busy_shares
from reports.blocks import Block, Cell, Fold, Paragraph, Quantity, Section, Table, Value
from reports.naming import PART_NAMES, chip_fields, differing_fields
from reports.parameters import Parameter, parameters, value_text
from reports.result_set import ResultSet
from reports.text import number

_GAIN = (
    "Gain: how much lower the mean engine latency is than in the first row. Busiest: the part at work for the largest "
    "share of the time."
)


MOST_CHIPS, MOST_FIELDS = 3, 4  # that are shown as a table, or named, where there is little room


def chips_side_by_side(result_set: ResultSet) -> Section:
    """The cost of each chip, and the fields in which they differ; empty for one chip."""
    several = len(different_chips(result_set.results)) > 1
    return Section("chips", "Chips side by side", chips_blocks(result_set) if several else ())


def chips_blocks(result_set: ResultSet) -> tuple[Block, ...]:
    """The cost of each result, and the fields in which its chip differs, if chips do."""
    costs = _costs(result_set)
    return (costs, differences(result_set.results)) if len(different_chips(result_set.results)) > 1 else (costs,)


def chips_in_short(result_set: ResultSet) -> tuple[Block, ...]:
    """The same in less room: for many chips, or many fields, only the names of the differing fields."""
    costs, *tables = chips_blocks(result_set)
    if not tables:
        return (costs,)
    chips = different_chips(result_set.results)
    fields = differing_fields([chip_fields(result) for result in chips.values()])
    if len(chips) <= MOST_CHIPS and len(fields) <= MOST_FIELDS:
        return (costs, *tables)
    named = ", ".join(fields[:MOST_FIELDS])
    more = f" and {len(fields) - MOST_FIELDS} more" if len(fields) > MOST_FIELDS else ""
    return (costs, Paragraph((f"They differ in {number(len(fields))} fields: ", Value(named), f"{more}.")))


def different_chips(results: Mapping[str, SimResult]) -> dict[str, SimResult]:
    """The results by label, without those whose chip another one before them has."""
    first = {result.hardware_hash: label for label, result in reversed(list(results.items()))}
    return {label: result for label, result in results.items() if first[result.hardware_hash] == label}


def _costs(result_set: ResultSet) -> Table:
    columns = (
        "chip", "WER", "mean engine latency [ms]", "gain", "real-time factor", "energy [mJ]", "area [mm²]", "busiest",
    )  # fmt: skip
    first = next(iter(result_set.results.values()))
    figures = result_set.figures()
    rows = tuple(
        (Value(label), Quantity.percent(figures[label].wer), *_cells(result, first))
        for label, result in result_set.results.items()
    )
    return Table("chips", "", columns, rows, _GAIN, look="plain").filled()


def _cells(result: SimResult, first: SimResult) -> tuple[Cell, ...]:
    before, latency = (_mean_latency(each) for each in (first, result))
    area, shares = result.extra.area_mm2, busy_shares([result])
    busiest = max(shares, key=lambda part: shares[part])
    return (
        latency,
        None if result is first or not before else _gained(gain_pct(before, latency)),
        real_time_factor(result),
        result.totals.energy_mj,
        area["total"][1] if area else None,
        f"{PART_NAMES[busiest].removeprefix('the ')} {100 * shares[busiest]:.0f} %",
    )


def _gained(percent: float) -> Quantity:
    """A gain, as a rounded figure if the chip is many times slower."""
    return Quantity(percent / 100, f"{number(percent)} %" if percent < -100 else f"{percent:.1f} %")


def _mean_latency(result: SimResult) -> float:
    latencies = engine_latencies_ms(result)
    return sum(latencies) / len(latencies)


def differences(results: Mapping[str, SimResult]) -> Table:
    """Every field that does not have one value on all chips, each chip a column."""
    chips = {label: chip_fields(result) for label, result in different_chips(results).items()}
    fields = differing_fields(list(chips.values()))
    rows = tuple(
        (
            Value(field),
            Value(unit_of(field)),
            *(Value(value_text(chip.get(field), unit_of(field))) for chip in chips.values()),
        )
        for field in fields
    )
    same = len({name for chip in chips.values() for name in chip}) - len(rows)
    absent = any(value is None for field in fields for value in (chip.get(field) for chip in chips.values()))
    dash = " A dash: the chip has no such part." if absent else ""
    note = f"{number(same)} other fields have one value on all of them.{dash}"
    return Table("differences", "In what they differ", ("field", "unit", *chips), rows, note, look="parameters")


def parameter_section(result_set: ResultSet) -> Section:
    """All parameters of each different chip, with their sources, folded: there are a hundred of them."""
    chips = different_chips(result_set.results)
    return Section(
        "chip", "Chip", tuple(parameter_fold(result.preset, parameters(result)) for result in chips.values())
    )


def parameter_fold(preset: str, rows: Sequence[Parameter]) -> Fold:
    """The parameters of a chip, folded away."""
    cells = tuple(tuple(Value(text) for text in row) for row in rows)
    table = Table("chip", "", ("field", "value", "unit", "source"), cells, look="parameters")
    return Fold((Value(preset), f": {number(len(rows))} parameters"), (table,))
