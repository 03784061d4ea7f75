"""What a model hears, call by call: everything that is wrong with the arrays is told at once."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from nnasim.errors import FileError, InputError
from tests.workloads.stepgraph.small import decoder, leaky_sum
from workloads.stepgraph.graph import StepGraph, Tensor
from workloads.stepgraph.steps import checked_steps, random_steps, read_arrays, steps_of_each

TWO_INPUTS = StepGraph(
    name="two",
    nodes=(),
    inputs={"x": Tensor((1, 4)), "token": Tensor((1,), "int64"), "gate": Tensor((2,), "bool")},
    values={},
    constants={},
    outputs=("x",),
)


@pytest.mark.parametrize("suffix", ["npz", "safetensors"])
def test_both_kinds_of_file_give_the_same_steps_in_the_types_of_the_graph(tmp_path: Path, suffix: str) -> None:
    arrays = {"x": np.random.default_rng(0).normal(size=(5, 1, 4))}
    path = tmp_path / f"steps.{suffix}"
    np.savez(path, **arrays) if suffix == "npz" else save_file(arrays, path)
    steps = checked_steps(read_arrays(path), leaky_sum(), str(path))
    assert (len(steps), steps.source, steps.is_random) == (5, str(path), False)
    assert [call["x"].dtype for call in steps] == [np.float32] * 5
    np.testing.assert_array_equal(steps.arrays["x"], arrays["x"].astype(np.float32))


def test_everything_that_is_wrong_is_told_at_once() -> None:
    arrays = {"x": np.zeros((3, 4)), "gate": np.zeros((3, 2)), "sr": np.zeros(3)}
    with pytest.raises(InputError) as caught:
        checked_steps(arrays, TWO_INPUTS, "steps.npz")
    for what in (
        "steps.npz: steps = ['gate', 'sr', 'x']",
        "input token is missing, an array (N, 1) of whole numbers",
        "sr is no input of two, which are x, token, gate",
        "input x has the shape (3, 4), must have (N, 1, 4)",
        "input gate is float64, must hold truth values",
    ):
        assert what in str(caught.value)


def test_states_are_handed_on_and_not_given() -> None:
    with pytest.raises(InputError, match="s is a state, which each step hands to the next"):
        checked_steps({"x": np.zeros((3, 1, 4)), "s": np.zeros((3, 1, 4))}, leaky_sum(), "steps")


@pytest.mark.parametrize(
    ("arrays", "why"),
    [
        ({"x": np.full((3, 1, 4), np.nan)}, "NaN or infinity"),
        ({"x": np.full((3, 1, 4), 1e300)}, "beyond float32"),
        ({"x": np.zeros((0, 1, 4))}, "at least one step"),
        ({"x": np.float64(1)}, r"has the shape \(\)"),
    ],
)
def test_numbers_that_no_model_can_hear_are_refused(arrays: dict[str, np.ndarray], why: str) -> None:
    with pytest.raises(InputError, match=why):
        checked_steps(arrays, leaky_sum(), "steps")


def test_inputs_have_one_number_of_steps() -> None:
    arrays = {"x": np.zeros((3, 1, 4)), "token": np.zeros((2, 1), np.int32), "gate": np.zeros((3, 2), bool)}
    with pytest.raises(InputError, match=r"different numbers of steps \(x 3, token 2, gate 3\)"):
        checked_steps(arrays, TWO_INPUTS, "steps")


def test_graphs_that_are_called_together_share_a_file() -> None:
    first, second = leaky_sum(4), leaky_sum(5)
    arrays = {"first/x": np.zeros((3, 1, 4)), "second/x": np.ones((3, 1, 5))}
    steps = steps_of_each(arrays, {"first": first, "second": second}, "steps")
    assert steps["first"].arrays["x"].shape == (3, 1, 4)
    assert steps["second"].arrays["x"].sum() == 15
    shared = steps_of_each({"x": np.zeros((3, 1, 4))}, {"first": first, "second": leaky_sum(4)}, "steps")
    assert shared["first"].arrays["x"] is shared["second"].arrays["x"]
    with pytest.raises(InputError, match="input first/x is missing") as caught:
        steps_of_each({"x": np.zeros((3, 1, 4)), "y": np.zeros(3)}, {"first": first, "second": second}, "steps")
    assert "y is no input of first and second" in str(caught.value)


def test_every_fifth_call_is_held_out_where_there_are_so_many() -> None:
    enough, few = random_steps(leaky_sum(), 12), random_steps(leaky_sum(), 4)
    assert [number for number in range(12) if enough.is_held_out(number)] == [4, 9]
    assert not any(map(few.is_held_out, range(4)))


def test_another_kind_of_file_is_told_what_it_seems_to_be(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b,c\n1,2,3\n")
    with pytest.raises(FileError, match=r"must be a .npz or .safetensors file of named arrays; it seems to be a CSV"):
        read_arrays(tmp_path / "a.csv")


def test_noise_is_the_same_each_time_and_never_an_index_beyond_a_table() -> None:
    once, again = random_steps(leaky_sum(), 7), random_steps(leaky_sum(), 7)
    np.testing.assert_array_equal(once.arrays["x"], again.arrays["x"])
    assert (once.is_random, once.source, len(once)) == (True, "random, seed 0", 7)
    assert not random_steps(decoder(), 3).arrays["y"].any()
