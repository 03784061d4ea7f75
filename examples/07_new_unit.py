# %% [markdown]
# # 7. A new activation unit as a plug-in, from table to word errors
#
# Your chip computes sigmoid and tanh in its own way. Describe it once, and everything follows: curves, calibration,
# decoding, training and cost. This page adds a table of 32 or of 8 entries, where `edge256` has 256.

# %%
import numpy as np

import nnasim
from nnasim.numerics.activation import Table, UnitKind
from nnasim.numerics.backend import cast, gather

# %% [markdown]
# ## The unit
#
# The input is a 16-bit integer with 12 fractional bits, so it reaches from -8 to 8. Its highest bits choose an entry.
# The output is a 16-bit fraction. `apply` must work for numpy and torch alike, which `cast` and `gather` see to.


# %%
def table_of(bits):
    """An activation unit that looks up the highest ``bits`` of its input."""
    entries = 2**bits

    def build(function, config, table_range):
        middle = (np.arange(entries) + 0.5) * (16 / entries) - 8
        real = np.tanh(middle) if function == "tanh" else 1 / (1 + np.exp(-middle))
        return {"table": np.round(real * (2**15 - 1)).astype(np.int64)}

    def apply(unit, x):
        return gather(unit.data["table"], (cast(x, "int64") + 2**15) >> (16 - bits), x)

    return UnitKind(
        name=f"table{entries}",
        apply=apply,
        tables=lambda config: (Table("table", entries, 16),),
        build=build,
    )


names = [nnasim.add_activation_unit(table_of(bits)) for bits in (5, 3)]
print(names)

# %% [markdown]
# From here on a chip can name it, like any unit of ours.

# %%
chip = nnasim.preset("edge256")
chips = {unit: chip.with_({"numerics.activation": unit}) for unit in ("lut8", *names)}
for each in chips.values():
    nnasim.show(nnasim.activation_unit("tanh", each, table_range=4.0))

# %% [markdown]
# The two small tables are coarse staircases. A name that nobody has is refused, with a list of those that exist:

# %%
try:
    chip.with_({"numerics.activation": "table64"})
except nnasim.NnasimError as error:
    print(error)

# %% [markdown]
# ## Words
#
# How many words does it cost to put the bundled model on each of these chips, without training it for them? Forty of
# the bundled strings are decoded on each.

# %%
recogniser = nnasim.recogniser()
decodings = {unit: recogniser.decode(system="naive", chip=each, limit=40) for unit, each in chips.items()}
for unit, decoding in decodings.items():
    print(f"{unit}: {decoding.score.errors} of {decoding.score.words} words wrong")

# %% [markdown]
# ## Cost
#
# The time that a pass takes is the circuit's, not the arithmetic's, so the chip says it. Suppose that the small table
# is read four times as fast:

# %%
fast = {
    "activation_unit.sigmoid_cycles_per_element": chip.activation_unit.sigmoid_cycles_per_element / 4,
    "activation_unit.tanh_cycles_per_element": chip.activation_unit.tanh_cycles_per_element / 4,
}
trace = decodings["table32"].trace
compared = nnasim.compare_chips({"as fast": chips["table32"], "four times": chips["table32"].with_(fast)}, trace)
nnasim.show(compared)

# %% [markdown]
# It hardly matters: what this small recogniser waits for lies elsewhere, so the words were the price of nothing.
#
# ## For good
#
# What a notebook adds is gone when it ends. A package of yours keeps it: put the unit into a module, here `my_units`,
# and name it in `pyproject.toml`. Then every command knows it too.
#
# ```toml
# [project.entry-points."nnasim.activation"]
# table32 = "my_units:TABLE32"
# ```
#
# To train a model for it, give the chip to `nnasim.train(..., system="aat", chip=chips["table32"])`, as in
# [the second page](02_your_speech.ipynb).
