"""Branches, functions and names of a file: what is decided is walked in place, what is wrong is named, all at once."""

from typing import Any

import numpy as np
import pytest

from tests.workloads.importers.onnx_rules.checks import F, floats, ints, operators, read, tensor
from tests.workloads.onnx_models import helper, model, onnx, onnxruntime_says, untyped, value
from workloads.importers.onnx_reader import read_onnx
from workloads.stepgraph.graph import State, StepGraph
from workloads.stepgraph.refusals import RefusedModelError
from workloads.stepgraph.run import FloatRun

X = floats(1, 4)
node = helper.make_node


def reasons(proto: Any, **wishes: Any) -> dict[str, str]:
    """Why each node, input or state is refused, by its name."""
    with pytest.raises(RefusedModelError) as error:
        read(proto, **wishes)
    return {refusal.name: refusal.why for refusal in error.value.refusals}


def branch(name: str, *nodes: Any, output: str = "out") -> Any:
    return helper.make_graph(nodes, name, [], [untyped(output)])


def choice(condition: str, then: Any, otherwise: Any, name: str = "choose") -> Any:
    return node("If", [condition], ["y"], name=name, then_branch=then, else_branch=otherwise)


def test_a_decided_branch_is_walked_in_place_and_sees_the_names_around_it() -> None:
    then, otherwise = (
        branch("then", node("Relu", ["x"], ["out"])),
        branch("else", node("Neg", ["x"], ["out"], name="no")),
    )
    for held, wanted in ((True, "Relu"), (False, "Neg")):
        proto = model([choice("c", then, otherwise)], {"x": X}, ["y"], {"c": np.array(held)})
        graph = read(proto)
        assert operators(graph) == [wanted]
        assert FloatRun(graph)({"x": X})["y"].tolist() == onnxruntime_says(proto, {"x": X})[0].tolist()
        assert len(graph.folded) == 2


def test_branches_within_branches_are_decided_by_shapes() -> None:
    inner = branch("inner_then", node("Exp", ["x"], ["deep"]), output="deep")
    other = branch("inner_else", node("Log", ["x"], ["deep"]), output="deep")
    nested = node("If", ["is_one"], ["out"], name="inner", then_branch=inner, else_branch=other)
    decide = [
        node("Shape", ["x"], ["shape"]),
        node("Gather", ["shape", "zero"], ["rows"]),
        node("Equal", ["rows", "one"], ["is_one"]),
    ]
    proto = model(
        [*decide, choice("is_one", branch("then", nested), branch("else", node("Neg", ["x"], ["out"])))],
        {"x": X}, ["y"], {"zero": np.array(0), "one": np.array(1)},
    )  # fmt: skip
    assert operators(read(proto)) == ["Exp"]


def test_equal_names_in_two_branches_stay_apart() -> None:
    both = [branch(name, node("Relu", ["x"], ["out"], name="same")) for name in ("a", "b")]
    nodes = [
        node("If", ["c"], ["p"], then_branch=both[0], else_branch=both[1]),
        node("Neg", ["x"], ["q"]),
        node(
            "If", ["c"], ["r"], then_branch=branch("c", node("Exp", ["q"], ["out"], name="same")), else_branch=both[1]
        ),
        node("Add", ["p", "r"], ["y"]),
    ]
    proto = model(nodes, {"x": X}, ["y"], {"c": np.array(True)})
    graph = read(proto)
    assert len({node.name for node in graph.nodes}) == len(graph.nodes) == 4
    np.testing.assert_allclose(FloatRun(graph)({"x": X})["y"], onnxruntime_says(proto, {"x": X})[0], atol=1e-6)


def test_a_branch_over_data_is_refused_and_what_hangs_on_it_is_not_judged() -> None:
    both = [branch(name, node("Relu", ["x"], ["out"])) for name in ("a", "b")]
    nodes = [
        node("ReduceMax", ["x"], ["m"], keepdims=0),
        node("Greater", ["m", "zero"], ["c"]),
        choice("c", *both),
        node("Conv", ["y", "y"], ["z"], name="after"),
    ]
    assert reasons(model(nodes, {"x": X}, ["z"], {"zero": np.array(0, F)})) == {
        "choose": "decides by x, which arrives at each call"
    }


def test_all_that_cannot_enter_is_named_at_once() -> None:
    nodes = [
        node("NonZero", ["x"], ["a"], name="counts"),
        node("Unheard", ["a"], ["b"], name="strange"),
        node("FusedGelu", ["x"], ["c"], name="fused", domain="com.microsoft"),
        node("Bernoulli", ["x"], ["d"], name="dice"),
        node("DynamicQuantizeLinear", ["x"], ["e", "f", "g"], name="ints"),
        node("Loop", ["", "", "x"], ["h"], name="again", body=branch("body", node("Relu", ["x"], ["out"]))),
        node("SequenceConstruct", ["x"], ["i"], name="list"),
        node("Concat", ["x", "c"], ["y"], axis=0),
    ]
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    graph = helper.make_graph(nodes, "g", [value("x", X)], [untyped(name) for name in "bydehi"])
    refused = reasons(helper.make_model(graph, opset_imports=opsets))
    assert refused == {
        "counts": "what arrives decides its operand",
        "strange": "is not in the vocabulary",
        "fused": "is of the domain com.microsoft, which ONNX does not define",
        "dice": "draws at random, so no two calls agree",
        "ints": "computes with integers of a quantisation of its own",
        "again": "has no trip count, so its steps differ from call to call",
        "list": "works with lists of tensors, not with tensors",
    }


def function(*nodes: Any, name: str = "Twice", attributes: tuple[str, ...] = (), **more: Any) -> Any:
    return helper.make_function(
        "own", name, ["a"], ["b"], list(nodes), [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)],
        list(attributes), **more,
    )  # fmt: skip


def with_functions(nodes: list[Any], *functions: Any) -> Any:
    graph = helper.make_graph(nodes, "g", [value("x", X)], [untyped("y")])
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)]
    return helper.make_model(graph, opset_imports=opsets, functions=functions, ir_version=9)


def leaky(name: str) -> Any:
    """A LeakyRelu whose slope is the attribute ``name`` of the function around it."""
    inner = node("LeakyRelu", ["a"], ["b"], name="leaky")
    inner.attribute.append(onnx.AttributeProto(name="alpha", ref_attr_name=name, type=onnx.AttributeProto.FLOAT))
    return inner


def test_functions_that_a_file_brings_are_walked_in_place() -> None:
    twice = function(node("Add", ["a", "a"], ["c"]), node("Relu", ["c"], ["b"], name="relu"))
    calls = [
        node("Twice", ["x"], ["h"], domain="own", name="first"),
        node("Twice", ["h"], ["y"], domain="own", name="next"),
    ]
    proto = with_functions(calls, twice)
    graph = read(proto)
    assert [node.name for node in graph.nodes] == ["first.c", "first.relu", "next.c", "next.relu"]
    np.testing.assert_allclose(FloatRun(graph)({"x": X})["y"], onnxruntime_says(proto, {"x": X})[0])


def test_a_functions_attributes_are_its_calls() -> None:
    plain = function(leaky("slope"), attributes=("slope",))
    proto = with_functions([node("Twice", ["x"], ["y"], domain="own", slope=0.5)], plain)
    assert read(proto).nodes[0].attributes["alpha"] == 0.5
    default = function(leaky("slope"), attribute_protos=[helper.make_attribute("slope", 0.25)])
    assert (
        read(with_functions([node("Twice", ["x"], ["y"], domain="own")], default)).nodes[0].attributes["alpha"] == 0.25
    )


def test_a_function_that_calls_itself_is_refused() -> None:
    again = function(node("Twice", ["a"], ["b"], domain="own", name="again"))
    (why,) = reasons(with_functions([node("Twice", ["x"], ["y"], domain="own", name="first")], again)).values()
    assert why == "holds graphs within graphs, more than 40 deep"


def test_nodes_in_any_order_run_and_a_circle_is_refused_by_its_nodes() -> None:
    nodes = [node("Relu", ["a"], ["y"], name="last"), node("Exp", ["x"], ["a"], name="first")]
    assert operators(read(model(nodes, {"x": X}, ["y"]))) == ["Exp", "Relu"]
    circle = [
        node("Add", ["x", "b"], ["a"], name="one"),
        node("Relu", ["a"], ["b"], name="two"),
        node("Exp", ["x"], ["y"], name="fine"),
        node("Mystery", ["x"], ["z"], name="three"),
    ]
    why = "waits for its own result, in a circle of 2 nodes"
    assert reasons(model(circle, {"x": X}, ["b", "y", "z"])) == {
        "one": why, "two": why, "three": "is not in the vocabulary"
    }  # fmt: skip


def test_circles_are_told_apart_and_what_stands_between_them_is_in_none() -> None:
    nodes = [
        node("Add", ["x", "b"], ["a"], name="one"),
        node("Relu", ["a"], ["b"], name="two"),
        node("Exp", ["a"], ["c"], name="between"),
        node("Add", ["c", "d"], ["d"], name="self"),
    ]
    assert reasons(model(nodes, {"x": X}, ["d"])) == {
        "one": "waits for its own result, in a circle of 2 nodes",
        "two": "waits for its own result, in a circle of 2 nodes",
        "self": "waits for its own result, in a circle of 1 nodes",
    }


def test_names_that_nothing_makes_or_that_are_made_twice_are_refused() -> None:
    missing = [node("Add", ["x", "ghost"], ["y"], name="reads")]
    assert reasons(model(missing, {"x": X}, ["y", "spirit"])) == {
        "reads": "reads ghost, which nothing makes",
        "spirit": "nothing in the model makes it",
    }
    twice = [node("Relu", ["x"], ["y"], name="one"), node("Exp", ["x"], ["y"], name="two")]
    assert set(reasons(model(twice, {"x": X}, ["y"])).values()) == {"makes y, which is made elsewhere too"}
    over = [node("Relu", ["x"], ["x"], name="over")]
    assert "over" in reasons(model(over, {"x": X}, ["x"]))


def small(**inputs: Any) -> Any:
    """y = x + b, an input of which the file leaves sizes open."""
    declared = [
        helper.make_tensor_value_info(name, kind, shape) for name, (kind, shape) in inputs.items()
    ]  # fmt: skip
    nodes = [node("Add", list(inputs)[:2], ["y"], name="sum")]
    graph = helper.make_graph(nodes, "g", declared, [untyped("y")])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


FLOAT, INT64, DOUBLE, HALF = (getattr(onnx.TensorProto, name) for name in ("FLOAT", "INT64", "DOUBLE", "FLOAT16"))


def test_open_sizes_are_given_by_input_or_bound_by_name() -> None:
    proto = small(a=(FLOAT, ["n", 3]), b=(FLOAT, ["n", None]))
    assert read(proto, shapes={"a": (2, 3), "b": (2, 1)}).tensor("y").shape == (2, 3)
    assert read(proto, shapes={"b": (2, 1)}).tensor("y").shape == (2, 3)
    assert read(proto, shapes={"b": (1, 1)}, bind={"n": 1}).tensor("y").shape == (1, 3)
    assert reasons(proto) == {
        "a": "is (n, 3), with sizes that are not given",
        "b": "is (n, ?), with sizes that are not given",
    }


def test_shapes_and_constants_that_do_not_fit_are_refused_by_input() -> None:
    proto = small(a=(FLOAT, ["n", 3]), b=(INT64, [1]))
    refused = reasons(proto, shapes={"a": (2, 4), "q": (1,)}, bind={"b": 0.5, "m": 3})
    assert refused == {
        "a": "is (n, 3), which the shape (2, 4) does not fit",
        "q": "is no input of the model; they are a, b",
        "b": "cannot be bound to 0.5",
        "m": "is no input of the model, and no open size; they are a, b, n",
    }
    assert reasons(proto, shapes={"a": (2, -3)}, bind={"b": 1})["a"] == "cannot have the shape (2, -3)"
    assert reasons(proto, shapes={"a": (2, 3)}, bind={"b": [1, 2]})["b"] == "is (1), which the shape (2,) does not fit"
    assert reasons(proto, shapes={"a": (2, 3)}, bind={"b": "one"})["b"] == "cannot be bound to 'one'"


def test_a_bound_number_stands_for_all_elements() -> None:
    graph = read(small(a=(FLOAT, [1, 3]), b=(FLOAT, [1, 3])), bind={"b": 0.5})
    assert graph.audio == ("a",)
    assert FloatRun(graph)({"a": np.ones((1, 3), F)})["y"].tolist() == [[1.5, 1.5, 1.5]]


def test_floats_of_any_precision_arrive_as_float32() -> None:
    for kind in (DOUBLE, HALF):
        graph = read(small(a=(kind, [2]), b=(kind, [2])))
        assert {graph.tensor(name).dtype for name in ("a", "b", "y")} == {"float32"}


def test_inputs_of_texts_or_lists_are_refused() -> None:
    texts = small(a=(onnx.TensorProto.STRING, [2]), b=(FLOAT, [2]))
    assert reasons(texts)["a"] == "holds texts, no real numbers"
    listed = small(a=(FLOAT, [2]), b=(FLOAT, [2]))
    listed.graph.input[0].CopyFrom(helper.make_tensor_sequence_value_info("a", FLOAT, [2]))
    assert reasons(listed)["a"] == "is no tensor"


def stateful(after: Any) -> Any:
    """h_out of ``after`` (h, x); y = h_out + x."""
    nodes = [after, node("Add", ["h_out", "x"], ["y"])]
    declared = [value("x", X), helper.make_tensor_value_info("h", FLOAT, [None, 4])]
    graph = helper.make_graph(nodes, "g", declared, [untyped("y"), untyped("h_out")])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def proposed(proto: Any, tmp_path: Any) -> StepGraph:
    (tmp_path / "model.onnx").write_bytes(proto.SerializeToString())
    return read_onnx(tmp_path / "model.onnx")


def test_an_open_size_of_a_state_is_one_and_both_sides_must_agree(tmp_path: Any) -> None:
    graph = proposed(stateful(node("Add", ["h", "x"], ["h_out"])), tmp_path)
    assert graph.states == (State("h", "h_out"),)
    assert graph.tensor("h").shape == (1, 4)
    with pytest.raises(RefusedModelError, match=r"h \(state\): is float32 \(1, 4\), but h_out is float32 \(2, 4\)"):
        proposed(stateful(node("Concat", ["h", "x"], ["h_out"], axis=0)), tmp_path)


def test_a_state_that_is_the_same_at_every_call_is_refused(tmp_path: Any) -> None:
    zeros = node("ConstantOfShape", ["two"], ["h_out"])
    proto = stateful(zeros)
    proto.graph.initializer.append(tensor(ints(1, 4), "two"))
    with pytest.raises(RefusedModelError, match="would be the same at every call"):
        proposed(proto, tmp_path)


def test_outputs_may_be_inputs_constants_or_each_other() -> None:
    nodes = [
        node("Identity", ["x"], ["same"]),
        node("Identity", ["w"], ["fixed"]),
        node("Relu", ["x"], ["y"]),
        node("Identity", ["y"], ["again"]),
    ]
    graph = read(model(nodes, {"x": X}, ["same", "fixed", "y", "again"], {"w": X + 1}))
    assert graph.outputs == ("x", "fixed", "y")
    assert FloatRun(graph)({"x": X})["fixed"].tolist() == (X + 1).tolist()


def test_inputs_with_a_default_are_constants() -> None:
    proto = model([node("Add", ["x", "w"], ["y"])], {"x": X, "w": X}, ["y"], {"w": X})
    assert read(proto).audio == ("x",)


def test_an_origin_says_where_a_graph_comes_from() -> None:
    proto = model([node("Relu", ["x"], ["y"])], {"x": X}, ["y"])
    proto.producer_name, proto.producer_version = "pytorch", "2.1"
    assert read(proto).origin == {
        "file": "model.onnx", "format": "ONNX", "version": "opset 17", "producer": "pytorch 2.1"
    }  # fmt: skip


def test_an_output_beyond_the_vocabulary_may_be_there_as_long_as_nobody_reads_it() -> None:
    drop = node("Dropout", ["x"], ["y", "mask"], name="drop")
    assert not read(model([drop], {"x": X}, ["y"])).nodes
    assert reasons(model([drop, node("Not", ["mask"], ["z"])], {"x": X}, ["y", "z"])) == {
        "drop": "gives mask too, which is not in the vocabulary"
    }
