"""`nnasim data recombine`: a corpus of cepstra, cut at its pauses and joined in other orders."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from nnasim.cli.data.options import OutManifest, Seed, Utterances
from nnasim.cli.data.spans import span
from nnasim.cli.data.written import refuse_read
from nnasim.cli.options import Force, Quiet
from nnasim.cli.progress import shown_progress, with_progress
from nnasim.cli.told import say
from nnasim.markup import counted


def command(
    manifest: Annotated[Path, typer.Argument(metavar="MANIFEST", help="stored cepstra, with speakers")],
    checkpoint: Annotated[Path, typer.Option(help="a float recogniser of these words, to find where each one ends")],
    out: OutManifest,
    utterances: Utterances = 3000,
    words: Annotated[str, typer.Option(metavar="A-B", help="least number of words in an utterance")] = "2-7",
    seed: Seed = 0,
    quiet: Quiet = False,
    force: Force = False,
) -> None:
    """Write new utterances made from old ones: cut at pauses, joined in another order, one speaker each.

    The checkpoint aligns each transcript with its speech; two words without a pause between them stay together. Train
    on the new utterances together with the corpus itself: words in new orders cannot be learned by heart.

    Example: nnasim data recombine an4-train.jsonl --checkpoint runs/an4 --utterances 3000 --out more.jsonl
    """
    from aat_training.checkpoint_files import checkpoint_files
    from aat_training.data.cepstra_corpus import cepstra_folder, refuse_existing_cepstra, write_cepstra
    from aat_training.data.recombine import recombined
    from aat_training.data.strings import MOST_WORDS
    from aat_training.pieces import corpus_pieces

    refuse_read(out, [manifest, *checkpoint_files(checkpoint)], force)
    bounds = span("--words", words, (1, MOST_WORDS))
    refuse_existing_cepstra(out, force)
    with shown_progress() as progress:
        corpus = corpus_pieces(manifest, checkpoint, progress)
    made = with_progress(recombined(corpus.by_speaker, utterances, bounds, seed), "speech", utterances)
    count = write_cepstra(out, made, "recombined", force=force)
    if quiet:
        return
    left_out = counted(corpus.left_out, "utterance")
    found = f"{corpus.pauses} of {corpus.cuts} places between words were pauses; {left_out} left out"
    say([f"{out}: {counted(count, 'utterance')}, cepstra in {cepstra_folder(out)}", found])
