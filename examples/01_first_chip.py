# %% [markdown]
# # 1. Your first chip in five minutes
#
# You have a speech recogniser and an idea of a chip. How long does the user wait, and what does the chip wait for?
# This page answers both without any speech: the sizes of the recogniser are enough.

# %%
import nnasim

print(nnasim.presets())

# %% [markdown]
# These are the chips that come with the package. `edge256` is a small accelerator for a phone or a speaker: 256
# multipliers, 384 KB of memory on the chip (SRAM), and a slow memory beside it (DRAM) that a CPU shares.
#
# A **trace** is the list of all operations that decoding performs. Here it is made from the sizes of a recogniser
# with 58 million weights, for one second of audio (33 steps of 30 ms) in which eight word pieces are spoken.

# %%
trace = nnasim.trace("rnnt-paper", frames=33, symbols=8)
nnasim.show(trace)

# %% [markdown]
# `simulate` runs the trace on the chip. *Engine latency* is the time from the last sound to the final words.
# The *real-time factor* is the processing time over the length of the audio: below 1 the chip keeps up.

# %%
result = nnasim.simulate(trace, "edge256")
nnasim.show(result)

# %% [markdown]
# Each bar of the figure is a part of the chip: working, waiting for another part, or idle. While there is work, the
# DRAM never rests, and the multipliers (the MAC array) wait for it a quarter of the time: the chip is busy with
# **reading weights**. The same run as tables:

# %%
nnasim.show(result.blocks().round(1))
nnasim.show(result.ops()[["kind", "unit", "busy_ms", "stall_ms", "dram_bytes"]].head(5).round(2))

# %% [markdown]
# ## What would help?
#
# `explain` runs the simulation again with one limit lifted at a time.

# %%
explained = result.explain()
nnasim.show(explained.what_ifs()[["frame_ms", "engine_ms", "energy_mj", "bottleneck"]].round(2))

# %% [markdown]
# Two rows save much more than all others: weights that need not be read from DRAM, or a DRAM without a limit. But how
# fast must a DRAM be? Compare three chips; gains are counted against the first row.

# %%
chip = nnasim.preset("edge256")
chips = {f"{rate} GB/s": chip.with_({"dram.bytes_per_second": rate * 1e9}) for rate in (3.75, 7.5, 15)}
compared = nnasim.compare_chips(chips, trace)
nnasim.show(compared)

# %% [markdown]
# Twice the rate takes a quarter of the wait away. Twice as much again brings nothing, because the chip now waits for
# another part: the decoder that unpacks weights for the multipliers. Every limit that is lifted shows the next one.
#
# Next: [your own speech and model](02_your_speech.ipynb).
