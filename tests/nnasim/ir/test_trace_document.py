"""docs/reference/traces.md names every kind, attribute, role and group's file as they are, and its example runs."""

import json
import re
from pathlib import Path
from typing import get_args

from nnasim.hardware import load_preset
from nnasim.ir.attributes import ATTRIBUTES
from nnasim.ir.io import parse_record
from nnasim.ir.operands import FIRST_KINDS, OPERANDS, OpKind, Role
from nnasim.ir.trace import OpTrace
from nnasim.pipeline import simulate

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "traces.md").read_text()
ROWS = [line.split(" | ") for line in PAGE.partition("## Operations")[2].splitlines() if line.startswith("| `")]


def kinds_of(row: list[str]) -> list[str]:
    return re.findall(r"`(\w+)`", row[0])


def test_the_table_has_every_kind_once_and_marks_those_of_version_2() -> None:
    assert sorted(kind for row in ROWS for kind in kinds_of(row)) == sorted(get_args(OpKind))
    for row in ROWS:
        assert all((kind in FIRST_KINDS) != ("(2)" in row[0]) for kind in kinds_of(row)), row[0]


def test_every_attribute_stands_beside_its_kind_and_every_operand_too() -> None:
    for row in ROWS:
        for kind in kinds_of(row):
            record = ATTRIBUTES.get(kind)  # type: ignore[call-overload]
            assert set(re.findall(r"`(\w+)`", row[2])) == set(record.model_fields if record else ()), kind
            for constant in OPERANDS[kind].constants:  # type: ignore[index]
                assert constant in row[1], kind


def test_every_role_has_a_row() -> None:
    table = PAGE.partition("## Tensors")[2].partition("## Operations")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == sorted(
        get_args(Role), key=["input", "state", "activation", "output", "weight", "bias", "table"].index
    )


def test_the_example_is_read_and_runs() -> None:
    data = json.loads(PAGE.partition("```json\n")[2].partition("```")[0])
    trace = parse_record(OpTrace, data, "docs/reference/traces.md")
    result = simulate(trace, load_preset("edge256"))
    assert result.totals.macs == 2 * 64 * 40 * 3
    assert {op.op for op in result.ops if op.unit == "nna"} >= {"front/push", "front/conv", "front/relu"}
