# %% [markdown]
# # 5. Importing a model
#
# The chip is not only for speech recognisers. This page makes a small ONNX model, as an exporter of another tool would,
# and asks: does it run on this chip, what runs where, and does the chip compute exactly what it should?
#
# ## A model
#
# A detector that hears 40 numbers every 10 ms. It remembers with 32 units: what it puts out as `new_h` comes back as
# `h` at the next call.

# %%
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import nnasim

rng = np.random.default_rng(5)
weights = {
    "w_x": rng.normal(size=(40, 32)) / 8,
    "w_h": rng.normal(size=(32, 32)) / 8,
    "w_y": rng.normal(size=(32, 1)),
}
nodes = [
    helper.make_node("MatMul", ["x", "w_x"], ["from_x"], name="from_x"),
    helper.make_node("MatMul", ["h", "w_h"], ["from_h"], name="from_h"),
    helper.make_node("Add", ["from_x", "from_h"], ["sum"], name="sum"),
    helper.make_node("Tanh", ["sum"], ["new_h"], name="remember"),
    helper.make_node("MatMul", ["new_h", "w_y"], ["logit"], name="decide"),
    helper.make_node("Sigmoid", ["logit"], ["probability"], name="squash"),
]


def tensor(name, *shape):
    """A float input or output."""
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


graph = helper.make_graph(
    nodes,
    "detector",
    [tensor("x", 1, 40), tensor("h", 1, 32)],
    [tensor("probability", 1, 1), tensor("new_h", 1, 32)],
    [numpy_helper.from_array(value.astype(np.float32), name) for name, value in weights.items()],
)
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), "detector.onnx")

# %% [markdown]
# ## Does it run here?
#
# `check_model` writes nothing. It says which inputs arrive at each call, which state goes from one call to the next
# (found by the names `h` and `new_h`), and where each node would run.

# %%
nnasim.show(nnasim.check_model("detector.onnx"))

# %% [markdown]
# On a chip without a unit for tanh, the same model needs the CPU:

# %%
nnasim.show(nnasim.check_model("detector.onnx", chip="nvdla_small"))

# %% [markdown]
# ## Exact
#
# To compute in integers the chip must know how large the values become. So the import is *calibrated* on inputs like
# those of real life, here 200 made-up ones. A fifth of them is held out, to measure the loss.

# %%
heard = {"x": rng.normal(size=(200, 1, 40)).astype(np.float32)}
detector = nnasim.import_model("detector.onnx", period_ms=10, seconds=2, calibrate=heard)
nnasim.show(detector)

# %%
nnasim.show(detector.ledger()[["operator", "fate", "operations", "macs"]])

# %% [markdown]
# Every node has a row, and nothing is left out in silence. The next cell moves real integers through the simulated
# chip, event by event, and compares each output and the last state with a reference that knows nothing of tiles or
# memories. A single difference would be an error.

# %%
result = detector.run_integers("edge256")
nnasim.show(result)

# %% [markdown]
# Of the time of a call, most goes to the two hand-offs between CPU and chip: the model is that small. How far is the
# integer model from the float one? The signal-to-noise ratio of each node, on the held-out inputs:

# %%
nnasim.show(detector.distances()[["operator", "signal_db"]].round(1))

# %% [markdown]
# 30 dB means that the error is about 3 % of the signal. TensorFlow Lite files, torch modules and whole transducers
# (encoder, decoder, joiner) enter in the same way. Next: [can one trust it?](06_trust.ipynb)
