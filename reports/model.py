"""The section of a page on an imported model: what ran where, what integers lose, which operations cost most."""

from __future__ import annotations

from collections.abc import Iterator

from nnasim.ir.imported import Imported, NodeDistance
from nnasim.ir.result import SimResult
from reports import operations
from reports.blocks import Block, Cell, Code, Facts, Fold, Paragraph, Quantity, Section, Table, Value, Words
from reports.result_set import ResultSet
from reports.text import NOT_COMPUTED, number

MOST_OPERATIONS, MOST_DISTANCES = 20, 20
_DIGITS_OF_DIGEST = 16
PLACES = ("on the chip", "on the CPU", "only seen in another shape", "folded")  # as they are shown, where known


def model(result_set: ResultSet) -> Section:
    """Each imported model once, and the costliest operations of each of its results."""
    blocks: list[Block] = []
    for results in _by_model(result_set):
        blocks += _of_model(results)
    for label, result in result_set.results.items():
        if result.imported:
            blocks.append(_operations(label, result))
    return Section("model", "Model", tuple(blocks))


def _by_model(result_set: ResultSet) -> list[dict[str, Imported]]:
    """The notes on each model, by the label of each of its results: all but their claims."""
    models: dict[str, dict[str, Imported]] = {}
    for label, result in result_set.results.items():
        if result.imported:
            shared = result.imported.model_copy(update={"claim": "exact", "reason": "", "distances": ()})
            models.setdefault(shared.model_dump_json(), {})[label] = result.imported
    return list(models.values())


def _of_model(results: dict[str, Imported]) -> Iterator[Block]:
    yield Facts(tuple(_facts(results)))
    drawn: list[Imported] = []
    for imported in results.values():
        if imported.distances and imported not in drawn:
            drawn.append(imported)
            yield _distances(imported)


def _facts(results: dict[str, Imported]) -> Iterator[tuple[Words, Words]]:
    imported = next(iter(results.values()))
    yield "model", Value(imported.name)
    for source in imported.sources:
        digest = () if source.digest is None else (", SHA-256 ", Code(source.digest[:_DIGITS_OF_DIGEST]))
        yield "from", (Value(source.name), ", ", Value(source.format), *digest)
    yield "calls", Value(imported.calls)
    claims: dict[str, list[str]] = {}
    for label, each in results.items():
        claims.setdefault(each.claim + (f": {each.reason}" if each.reason else ""), []).append(label)
    for claim, labels in claims.items():
        yield "claim", Value(claim if len(claims) == 1 else f"{'; '.join(labels)}: {claim}")
    if imported.calibration:
        yield "calibration", Value(imported.calibration)
    if imported.nodes:
        places = sorted(imported.nodes, key=lambda place: PLACES.index(place) if place in PLACES else len(PLACES))
        yield "nodes", Value(", ".join(f"{number(imported.nodes[place])} {place}" for place in places))
    if imported.fusion:
        yield "one operation", Value(imported.fusion)


def _distances(imported: Imported) -> Table:
    worst = imported.distances[:MOST_DISTANCES]
    rows = tuple(
        (Value(node.node), Value(node.operator), _decibel(node), Value(node.proposal or NOT_COMPUTED)) for node in worst
    )
    left_out = len(imported.distances) - len(worst)
    more = f" {number(left_out)} more nodes are better than these." if left_out else ""
    return Table(
        "distances",
        "Distance to float, worst nodes first",
        ("node", "operator", "signal to error [dB]", "proposal"),
        rows,
        "Power of the float values over that of what the integers make of them, on steps that calibration did not "
        f"hear.{more}",
        look="words",
    )


def _decibel(node: NodeDistance) -> Cell:
    return Quantity(node.signal_db, NOT_COMPUTED if node.signal_db is None else f"{node.signal_db:z.1f}")


def _operations(label: str, result: SimResult) -> Fold:
    rows = tuple(
        (Value(op.name), Value(op.kind), op.unit, op.times, op.ms, Quantity.percent(op.share, 1))
        for op in operations.costliest(result, MOST_OPERATIONS)
    )
    columns = ("operation", "kind", "unit", "times", "ms each time", "share")
    note = Paragraph("Time in which the executing block worked on it, or waited for its data; share of all.", note=True)
    table = Table("operations", "", columns, rows, look="words")
    return Fold((Value(label), ": costliest operations"), (table, note), is_open=True)
