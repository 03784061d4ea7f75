# %% [markdown]
# # 4. Sweeping chips, and reading a Pareto front
#
# Which chip should be built? A sweep simulates one trace on many chips. The recogniser here is small enough that its
# weights may fit into the chip's own memory.

# %%
import nnasim
from workloads.rnnt.shapes import RnntShape

shape = RnntShape(
    input_features=120,
    frame_ms=30,
    encoder_units=192,
    encoder_before=2,
    embedding=64,
    prediction_units=192,
    prediction_layers=1,
    joint_units=192,
    outputs=64,
)
trace = nnasim.trace(shape, frames=32, symbols=8)
nnasim.show(trace)

# %% [markdown]
# Two questions to the chip: how much SRAM, and how many multipliers? Two figures judge the answers, and less is better
# in both: the latency that nine of ten utterances keep (`p90`), and the area of silicon. Hand-offs are quick here, and
# four frames are computed at once, so that the arithmetic counts.

# %%
chip = nnasim.preset("edge256").with_({"host.handoff_us": 5, "compiler.chunk_frames": 4})
axes = {
    "sram.bytes": [2**18, 2**19, 786432, 2**20, 1310720],
    "mac_array.macs_per_cycle": [8, 16, 32, 64],
}
swept = nnasim.sweep(chip, trace, axes, objectives=["engine_latency_ms.p90", "area_mm2"], jobs=1)
nnasim.show(swept)

# %% [markdown]
# Each dot of the figure is a chip. One chip **beats** another if it is at least as good in both figures and better in
# one. The line joins the chips that nothing beats: the **Pareto front**. Every other chip is a bad buy, since some chip
# on the line is faster for the same silicon, or smaller for the same speed.

# %%
front = swept.pareto().sort_values("area_mm2")
nnasim.show(front[[*swept.axes, *swept.objectives]].round(3))

# %% [markdown]
# Read the front from left to right: what does the next step cost, and what does it bring? Where latency falls steeply
# for little area, pay. Where the line is flat, stop. The next table says it in numbers. The first steps are
# multipliers: nearly free, and worth it. The later ones are memory, which for the same area saves hundreds of times
# less. More than 32 multipliers are on no row, since then the decoder of the weights holds them up.

# %%
steps = front[swept.objectives].diff().dropna()
steps["saved_ms_per_mm2"] = -steps["engine_latency_ms.p90"] / steps["area_mm2"]
nnasim.show(steps.round(3))

# %% [markdown]
# A front depends on what was asked. With a condition, points that nobody would build are left out before anything runs:

# %%
limited = nnasim.sweep(
    chip,
    trace,
    axes,
    objectives=["engine_latency_ms.p90", "area_mm2"],
    constraints=["sram.bytes <= 524288"],
    jobs=1,
)
print(f"{len(limited.frame())} of {len(swept.frame())} chips have at most 512 KB of SRAM")
nnasim.show(limited.pareto()[[*limited.axes, *limited.objectives]].round(3))

# %% [markdown]
# For hundreds of points, give `store="sweep.sqlite"`: a sweep that was stopped then goes on where it was. Areas and
# energies come from tables of assumed costs, so trust their order more than their size. Next:
# [importing a model](05_import.ipynb).
