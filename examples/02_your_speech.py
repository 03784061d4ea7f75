# %% [markdown]
# # 2. Your own speech and model
#
# A recogniser that comes with the package knows 24 spoken commands. Here it hears recordings that it was not made
# for, and is then trained on with some of them: first in float, then with the operators of the chip.
#
# ## Recordings
#
# Your recordings are WAV or FLAC files, and you say what is spoken in each. To have some, this page takes the bundled
# strings and adds noise, as of a fan. **Replace this cell with your own files.**

# %%
import numpy as np
import soundfile

import nnasim
from aat_training.data.manifest import read_manifest
from workloads.bundled import speech_manifest

rng = np.random.default_rng(17)
spoken = {}
for entry in read_manifest(speech_manifest()):
    samples, rate = soundfile.read(entry.path)
    noise = rng.normal(scale=0.3 * samples.std(), size=len(samples))
    soundfile.write(f"{entry.id}.wav", samples + noise, rate)
    spoken[f"{entry.id}.wav"] = entry.text

recordings = list(spoken.items())
print(f"{len(recordings)} recordings; the first says: {recordings[0][1]}")

# %% [markdown]
# A **manifest** is the list of recordings with their words, in the form that NeMo uses. What a model is trained on
# must not be what it is judged on, so there are three: to train, to choose the best step, and to judge at the end.

# %%
mine = nnasim.write_manifest("train.jsonl", dict(recordings[:90]))
choose = nnasim.write_manifest("choose.jsonl", dict(recordings[90:110]))
judge = nnasim.write_manifest("judge.jsonl", dict(recordings[110:]))

# %% [markdown]
# ## Before training
#
# `float` is the model as it was trained, on the CPU. `naive` puts the same model on the chip, which computes in 8-bit
# integers.

# %%
before = nnasim.compare(judge, systems=["float", "naive"])
nnasim.show(before)
nnasim.show(before.hypotheses().loc[[recordings[110][0].removesuffix(".wav") + "-0-1"]])

# %% [markdown]
# The noise costs far more than the chip does. *95 % interval* says how sure the word error rate (WER) is: with 40
# recordings, not very.
#
# ## Training on
#
# Thirty steps in float, then thirty with the chip's own operators (`aat`: accelerator-aware training). Both start from
# the bundled model. This is far too short for a product, and long enough to see it work.

# %%
settings = {"train": mine, "dev": choose, "steps": 30, "evaluate_every": 30, "seed": 1}
start = nnasim.recogniser()
in_float = nnasim.train("commands", out="mine/float", init=start, schedule="fine-tuning", **settings)
on_chip = nnasim.train("commands", out="mine/aat", init=in_float, system="aat", **settings)

# %%
after = nnasim.compare(judge, checkpoints="mine", systems=["float", "naive", "aat"])
nnasim.show(after)

# %% [markdown]
# The recordings of the same room have taught the model what the noise sounds like. Note what this comparison does
# **not** say: `aat` was trained for thirty steps more than `float`, so a part of its gain may be more training.
# The studies under *Results* give every arm the same number of steps. Next: [why aat](03_why_aat.ipynb).
