"""`nnasim data`: make a manifest, and the audio beside it if it is composed or synthesised."""

from __future__ import annotations

import typer

from nnasim.cli.data import an4, fsdd, import_, librispeech, recombine, shard, strings, synth

_HELP = """Make a manifest from speech on disk, or from synthesised speech.

Example: nnasim data synth --voices test --utterances 60 --out speech.jsonl
"""
app = typer.Typer(help=_HELP, rich_markup_mode=None)
app.command("fsdd")(fsdd.command)
app.command("strings")(strings.command)
app.command("synth")(synth.command)
app.command("an4")(an4.command)
app.command("librispeech")(librispeech.command)
app.command("recombine")(recombine.command)
app.command("import")(import_.command)
app.command("shard")(shard.command)
