# %% [markdown]
# # 3. Why accelerator-aware training? The 8-bit cell state, seen from inside
#
# An LSTM remembers in its *cell state* c. At each step it keeps a share f of it and adds something new:
# c' = f c + i g. In float, small additions pile up. On a chip that stores c in 8 bits they may be rounded away.

# %%
import matplotlib.pyplot as plt
import numpy as np

import nnasim
from nnasim.numerics.layers import Ranges, build_cell

chip = nnasim.preset("edge256")
ranges = Ranges(sigmoid=8.0, tanh=4.0, tanh_c=4.0, cell=8.0)

# %% [markdown]
# ## One cell, sixty steps
#
# `build_cell` gives the chip's own arithmetic: integers in, integers out. The gates stay the same at every step: keep
# almost everything (f = 0.98) and add a little (i g = 0.02). A step of the 8-bit state is worth 8 / 128 = 0.06.


# %%
def remembered(cell_bits, gates, steps=60):
    """The cell state after each step, as a real number: ``gates`` are the inputs of i, f, o and g."""
    cell = build_cell(chip.with_({"numerics.cell_bits": cell_bits}).numerics, ranges)
    incoming = np.round(np.array(gates) * 4096).astype(np.int32)  # 12 fractional bits
    c, states = np.zeros(1, np.int32), []
    for _ in range(steps):
        _, c = cell.step(incoming, np.zeros(4, np.int32), c)
        states.append(c[0] * cell.cell_scale)
    return states


def in_float(gates, steps=60):
    """The same in real numbers."""
    i, f = (1 / (1 + np.exp(-gate)) for gate in gates[:2])
    return [i * np.tanh(gates[3]) * (1 - f**step) / (1 - f) for step in range(1, steps + 1)]


gates = [-3.0, 4.0, 0.0, 0.5]
figure, axes = plt.subplots(figsize=(6, 3))
axes.plot(in_float(gates), color="0.6", linewidth=4, label="float")
axes.plot(remembered(16, gates), "k--", label="chip, 16-bit state")
axes.plot(remembered(8, gates), "C3", label="chip, 8-bit state")
axes.set(xlabel="step", ylabel="cell state c")
axes.legend()
print(f"after 60 steps: float {in_float(gates)[-1]:.2f}, 8 bits {remembered(8, gates)[-1]:.2f}")

# %% [markdown]
# The 8-bit cell never leaves zero: each addition is less than half a step, so it is rounded away, sixty times. The
# 16-bit cell follows float. A model that was trained in float relies on such small additions, and does not know that
# the chip will drop them.
#
# ## The tables
#
# The chip computes sigmoid and tanh by looking them up in tables of 256 entries.

# %%
curve = nnasim.activation_unit("tanh", chip, table_range=4.0)
nnasim.show(curve)

# %% [markdown]
# ## The gradient
#
# Training needs slopes, and a staircase has none to speak of: its derivative is 0 almost everywhere, and a spike at
# each step (grey). So the forward pass uses the chip's integers, and the backward pass uses the slope of the real
# function at what the chip put out: 1 - t^2 for tanh (blue).

# %%
table = curve.frame()["chip"].loc[-3:3]
figure, axes = plt.subplots(figsize=(6, 3))
axes.plot(table.index, np.gradient(table, table.index), color="0.7", linewidth=0.5, label="the staircase's own slope")
axes.plot(table.index, 1 - table**2, "C0", label="the slope that training uses")
axes.set(xlabel="input", ylabel="slope", ylim=(0, 3))
axes.legend()

# %% [markdown]
# ## Words
#
# Does it matter? `explain_words` decodes the same speech again with one choice of the arithmetic eased at a time. The
# model is the bundled one, trained in float and put on the chip without further training (`naive`).

# %%
recogniser = nnasim.recogniser()
naive = recogniser.decode(system="naive", chip=chip, limit=40)
cost = nnasim.simulate(naive.trace, chip).explain_words(limit=40)
nnasim.show(cost.words()[["today", "eased_to", "wrong_words", "saved"]].head(6))

# %% [markdown]
# More bits for the cell state save more words than anything else. They would also cost memory and time. The other way
# is to leave the chip as it is and train the model with its operators:

# %%
aat = recogniser.decode(system="aat", chip=chip, limit=40)
in_words = {"naive": naive, "aat": aat}
for system, decoding in in_words.items():
    print(f"{system}: {decoding.score.errors} of {decoding.score.words} words wrong")

# %% [markdown]
# Trained so, the model makes do with 8 bits. Forty strings are few; the intervals over many more are under
# *Results*. Next: [sweeps](04_pareto.ipynb).
