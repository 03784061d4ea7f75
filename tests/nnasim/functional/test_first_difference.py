"""Where two runs in integers part: every kind of place, on a recogniser of a few units and a value changed by hand."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnasim.cli.main import main
from nnasim.functional.first_difference import Run, Unequal, first_difference, other_constants, unequal
from nnasim.studies.recording import Recorded


@pytest.fixture
def run(recogniser: Callable[..., Any]) -> Run:
    work = recogniser()
    return Run(work.trace, work.constants, work.features)


def with_constant(run: Run, name: str, place: tuple[int, ...], by: int) -> Run:
    values = run.constants[name].copy()
    values[place] += by
    return Run(run.trace, {**run.constants, name: values}, run.heard)


def test_a_run_agrees_with_itself(run: Run) -> None:
    assert first_difference(run, run) is None
    assert other_constants(run.constants, run.constants) == {}


def test_one_weight_more_shows_first_in_the_product_that_reads_it(run: Run) -> None:
    name = next(op.weight for op in run.trace.graphs["encoder"].ops if op.kind == "matmul")
    other = with_constant(run, name, (0, 0), 7)
    assert other_constants(run.constants, other.constants)[name] == Unequal(
        element=(0, 0),
        values=(run.constants[name][0, 0].item(), run.constants[name][0, 0].item() + 7),
        differing=1,
        elements=run.constants[name].size,
        greatest=7.0,
    )
    found = first_difference(run, other)
    assert found is not None
    reader = next(op.name for op in run.trace.graphs["encoder"].ops if op.kind == "matmul")
    assert found.where == f"operation {reader} (matmul)"
    assert found.graph == "encoder"
    assert found.unequal is not None
    assert found.unequal.differing == 1
    assert found.unequal.element[-1] == 0


def test_what_is_heard_is_compared_before_what_is_computed(run: Run) -> None:
    heard = [np.asarray(values).copy() for values in run.heard]
    heard[-1][2].flat[3] += 1.0
    found = first_difference(run, Run(run.trace, run.constants, heard))
    assert found is not None
    assert (found.utterance, found.frame) == (run.trace.utterances[-1].id, 2)
    assert found.where.startswith("input ")


def test_decodings_that_part_are_told_by_their_calls(run: Run) -> None:
    first = run.trace.utterances[0]
    shorter = first.model_copy(update={"call_graphs": first.call_graphs[:-1], "call_frames": first.call_frames[:-1]})
    trace = run.trace.model_copy(update={"utterances": (shorter, *run.trace.utterances[1:])})
    found = first_difference(run, Run(trace, run.constants, run.heard))
    assert found is not None
    assert found.call == len(first.call_graphs) - 1
    assert found.where.endswith("against nothing")


def test_an_operation_that_only_one_has_is_named(run: Run) -> None:
    graph = run.trace.graphs["encoder"]
    renamed = graph.ops[-1].model_copy(update={"name": "other"})
    trace = run.trace.model_copy(
        update={"graphs": {**run.trace.graphs, "encoder": graph.model_copy(update={"ops": (*graph.ops[:-1], renamed)})}}
    )
    constants = {**run.constants}
    if f"{graph.ops[-1].name}.rescale" in constants:
        constants["other.rescale"] = constants[f"{graph.ops[-1].name}.rescale"]
    found = first_difference(run, Run(trace, constants, run.heard))
    assert found is not None
    assert found.where == f"operation {graph.ops[-1].name}, which only one of both has"


def test_arrays_of_other_shapes_are_told_by_their_shapes() -> None:
    found = unequal(np.zeros((2, 3)), np.zeros(3))
    assert found == Unequal(element=(), values=((2, 3), (3,)), differing=6, elements=6, greatest=None)


def test_the_command_names_the_place_and_exits_with_1(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = next(op.weight for op in run.trace.graphs["encoder"].ops if op.kind == "matmul")
    a, b = tmp_path / "a.json", tmp_path / "b.json"
    Recorded(run.trace, run.constants).write(a)
    Recorded(run.trace, with_constant(run, name, (1, 0), -3).constants).write(b)
    assert main(["diff", str(a), str(a)]) == 0
    assert capsys.readouterr().out == "every integer of every operation is the same\n"
    assert main(["diff", str(a), str(b)]) == 1
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith(f"constant '{name}': element 1, 0 is ")
    assert said[-1].startswith("first difference: utterance ")
    assert "(encoder): operation " in said[-1]


def test_the_command_refuses_a_trace_without_integers(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.json"
    Recorded(run.trace).write(path)
    assert main(["diff", str(path), str(path)]) == 2
    assert "weights_file = None" in capsys.readouterr().err
