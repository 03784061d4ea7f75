"""`nnasim data librispeech`: a LibriSpeech tree on disk."""

from __future__ import annotations

from nnasim.cli.data.options import CorpusFolder, OutManifest
from nnasim.cli.data.written import refuse_read, write_entries
from nnasim.cli.options import Force, Quiet


def command(folder: CorpusFolder, out: OutManifest, quiet: Quiet = False, force: Force = False) -> None:
    """Write a manifest of the FLAC files and transcripts of a LibriSpeech folder.

    Example: nnasim data librispeech LibriSpeech/dev-clean --out dev-clean.jsonl
    """
    from aat_training.data.librispeech import librispeech_entries

    refuse_read(out, folder.rglob("*.trans.txt"), force)
    write_entries(out, librispeech_entries(folder), quiet=quiet, force=force)
