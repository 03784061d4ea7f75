# %% [markdown]
# # 6. Trusting it: validate and fit
#
# A simulator is worth as much as its agreement with hardware. Two tools measure it: `validate` predicts cycles that
# were measured on designs of other people, and `fit` finds the fields of a chip from timings of a board that you have.
#
# ## Validate
#
# The package brings a part of a table that was measured on NVIDIA's published design of NVDLA, run as Verilog. Each row
# is a matrix product with M rows, K inputs and N outputs.

# %%
import pandas as pd

import nnasim

validation = nnasim.validate()
nnasim.show(validation)

# %% [markdown]
# Above, each product: predicted over measured cycles; on the line the two agree. Below, the error of each in percent.
# The grey dots are a *roofline*: the larger of compute and memory time, as one would reckon on paper. It is far off
# where the chip waits for something else.

# %%
errors = validation.frame()[["group", "error_pct", "roofline_error_pct"]]
nnasim.show(errors.assign(**errors.drop(columns="group").abs()).groupby("group").agg(["count", "mean", "max"]).round(3))

# %% [markdown]
# This says how well the model of **that** chip does on **these** products. It says nothing of a chip whose numbers are
# assumed. Each preset says what it was checked against:

# %%
for name in ("nvdla_small", "edge256"):
    print(f"{name}: {nnasim.preset(name).validated}")

# %% [markdown]
# ## Fit
#
# Eight products, timed on a board. The board of this page is made up: an `edge256` whose hand-off takes 31 us and whose
# DRAM gives 62 % of its peak, each timing off by about 1.5 %. Does the fit find these two numbers?

# %%
sizes = [
    (1, 64, 64, 65.8),
    (1, 256, 256, 76.1),
    (1, 1024, 512, 271.0),
    (1, 2048, 1024, 937.9),
    (1, 4096, 1024, 1831.7),
    (8, 512, 512, 156.0),
    (32, 256, 256, 78.8),
    (16, 1024, 256, 162.1),
]
board = pd.DataFrame(sizes, columns=["M", "N", "K", "measured_us"])
fitted = nnasim.fit(board, "edge256", fields=["host.handoff_us", "dram.efficiency"])
nnasim.show(fitted)

# %% [markdown]
# Both true values lie inside their 95 % intervals. The last figure of the first line is the honest one: the error on
# rows that were left out of the fit. Rows can also fail to tell two numbers apart, and the fit says so:

# %%
nnasim.show(nnasim.fit(board, "edge256", fields=["host.handoff_us", "dram.efficiency", "dram.bytes_per_second"]))

# %% [markdown]
# A rate and an efficiency only ever appear as their product. No amount of such timings could separate them, so no
# interval is given.

# %%
fitted.save("my_board.yaml")
trace = nnasim.trace("rnnt-paper", frames=10, symbols=2)
nnasim.show(nnasim.compare_chips({"as assumed": "edge256", "as fitted": "my_board.yaml"}, trace))

# %% [markdown]
# The fitted chip is a preset like any other, with the source of each number beside it. Next:
# [an activation unit of your own](07_new_unit.ipynb).
