"""States are declared, or proposed by name; what has no name is asked for."""

import pytest

from workloads.stepgraph.concrete.states import declared, misfits, proposed, unnamed
from workloads.stepgraph.graph import Tensor

LAYERS = 16
CACHES = ("key", "nonlin_attn", "val1", "val2", "conv1", "conv2")
ZIPFORMER = [f"cached_{cache}_{layer}" for layer in range(LAYERS) for cache in CACHES] + [
    "embed_states",
    "processed_lens",
]


def test_all_98_states_of_a_streaming_zipformer_have_names_that_say_so() -> None:
    pairs = proposed(["x", *ZIPFORMER], ["encoder_out", *(f"new_{name}" for name in ZIPFORMER)])
    assert pairs == [(name, f"new_{name}") for name in ZIPFORMER]
    assert len(pairs) == 98


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("state", "new_state"), ("state", "state_out"), ("state", "state_next"), ("state", "stateN"), ("h", "hn"),
        ("h0", "hn"), ("h_0", "h_n"), ("h_in", "h_out"), ("state.in", "state.out"),
        ("input_states_1", "output_states_1"), ("att_cache", "r_att_cache"),
        ("cache_last_channel_len", "cache_last_channel_next_len"), ("prev_h", "next_h"), ("old/state", "new/state"),
        ("convCacheIn", "convCacheOut"), ("state", "updated_state"), ("past.0.key", "present.0.key"),
    ],
)  # fmt: skip
def test_names_that_belong_together(before: str, after: str) -> None:
    assert proposed(["x", before], ["y", after]) == [(before, after)]


@pytest.mark.parametrize(
    ("before", "after"),
    [("input", "output"), ("input_3", "stack_2"), ("state_1", "new_state_2"), ("x", "y"), ("encoder_out", "logits"),
     ("in", "out"), ("mix", "enh")],
)  # fmt: skip
def test_names_that_do_not(before: str, after: str) -> None:
    assert proposed(["audio", before], ["answer", after]) == []


def test_a_name_that_could_belong_to_several_belongs_to_none() -> None:
    assert proposed(["x", "h"], ["y", "new_h", "h_out"]) == []
    assert proposed(["x", "h_in", "prev_h"], ["y", "h_out"]) == []


def test_nothing_is_proposed_where_nothing_would_be_left_to_arrive() -> None:
    assert proposed(["audio_in"], ["audio_out"]) == []
    assert proposed(["audio_in", "h_in"], ["audio_out", "h_out"]) == []


def test_declared_pairs_may_share_a_part() -> None:
    inputs, outputs = ["x", "h_0", "h_1", "c_0"], ["y", "nh_0", "nh_1", "nc_0"]
    assert declared(["h_*:nh_*", "c_0:nc_0"], inputs, outputs) == (
        [("h_0", "nh_0"), ("h_1", "nh_1"), ("c_0", "nc_0")],
        [],
    )
    assert declared([("x", "y")], inputs, outputs) == ([("x", "y")], [])


def test_names_with_colons_are_found() -> None:
    assert declared(["state:0:next:0"], ["x:0", "state:0"], ["y:0", "next:0"])[0] == [("state:0", "next:0")]


@pytest.mark.parametrize(
    ("state", "why"),
    [
        ("h", "must say an input and an output, as IN:OUT"),
        ("g:y", "the model has no input g; its inputs are x, h"),
        ("h:z", "the model has no output z; its outputs are y, hn"),
        ("q*:n*", "the model has no input q*; its inputs are x, h"),
    ],
)
def test_declarations_that_do_not_fit_are_refused(state: str, why: str) -> None:
    pairs, (refusal,) = declared([state], ["x", "h"], ["y", "hn"])
    assert (pairs, refusal.why) == ([], why)


def test_an_input_or_output_belongs_to_one_state() -> None:
    _, refusals = declared(["x:hn", "h:hn", "h:y"], ["x", "h"], ["y", "hn"])
    assert [(refusal.name, refusal.why) for refusal in refusals] == [
        ("h", "this input belongs to more than one state"),
        ("hn", "this output belongs to more than one state"),
    ]


def test_sides_of_another_shape_or_type_are_refused() -> None:
    inputs = {"h": Tensor((1, 4)), "n": Tensor((1,), "int64"), "c": Tensor((2,))}
    outputs = {"h_out": Tensor((1, 5)), "n_out": Tensor((1,), "int32"), "c_out": Tensor((2,))}
    refusals = list(misfits(inputs, outputs, [(name, f"{name}_out") for name in inputs]))
    assert [refusal.why for refusal in refusals] == [
        "is float32 (1, 4), but h_out is float32 (1, 5)",
        "is int64 (1,), but n_out is int32 (1,)",
    ]


def test_several_inputs_without_names_are_asked_for_by_shape_but_never_paired() -> None:
    inputs = {"input_2": Tensor((1, 257)), "input_3": Tensor((1, 2, 128))}
    outputs = {"mask": Tensor((1, 257)), "stack": Tensor((1, 2, 128))}
    (refusal,) = unnamed(inputs, outputs, [])
    assert refusal.help == (
        "say which are with `states`, of input_2:mask, input_3:stack; or that none is, with `states=()`"
    )
    assert not list(unnamed(inputs, outputs, [("input_3", "stack")]))
    assert not list(unnamed({"x": Tensor((4,))}, {"y": Tensor((4,))}, []))
    assert not list(unnamed(inputs, {"mask": Tensor((1, 3))}, []))


@pytest.mark.parametrize(
    ("state", "name", "output"),
    [
        ("*_in_*:*_out_*", "a_in_b_in_c", "a_in_b_out_c"),
        ("c_*:new_*", "c_", "new_"),
        ("a*b*c:*-*", "abbcc", "b-c"),
        ("**:x*y*", "ab", "xaby"),
    ],
)
def test_the_first_star_stands_for_as_much_as_it_can(state: str, name: str, output: str) -> None:
    assert declared([state], [name], [output]) == ([(name, output)], [])


def test_many_stars_in_a_name_of_a_megabyte_cost_nothing() -> None:
    pairs, refusals = declared(["*a*a*a*a*b:y"], ["a" * 1_000_000], ["y"])
    assert (pairs, len(refusals)) == ([], 1)
