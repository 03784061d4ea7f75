"""eSpeak NG through ctypes: text in, samples and word times out, the same every time.

The library keeps state between utterances (phases, flutter, noise) that nothing in its interface resets, so each
utterance gets the library freshly loaded and its noise seeded; that costs 10 ms. Layouts and numbers are those of its
public header, ``espeak-ng/speak_lib.h``.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnasim.errors import MissingExtraError, NnasimError

_SYNCHRONOUS = 2  # AUDIO_OUTPUT_SYNCHRONOUS: the callback runs inside espeak_Synth, and no sound card is opened
_DO_NOT_EXIT = 0x8000  # espeakINITIALIZE_DONT_EXIT: a failure is a return code, not the end of this process
_POSITION_CHARACTER = 1
_UTF8 = 1
_RATE, _PITCH, _WORD_GAP = 1, 3, 7
_NOISE_SEED = 1  # breathy voices add noise; without this the library seeds it with the time of day
_EVENT_NONE, _EVENT_WORD, _EVENT_END = 0, 1, 5


class _EventId(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int), ("unique_identifier", ctypes.c_uint), ("text_position", ctypes.c_int),
        ("length", ctypes.c_int), ("audio_position", ctypes.c_int), ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p), ("id", _EventId),
    )  # fmt: skip


_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


@dataclass(frozen=True)
class Speech:
    """``samples`` int16 [T] at ``rate`` Hz; ``starts``: the first sample of each word; ``end``: where speech ends."""

    samples: NDArray[np.int16]
    rate: int
    starts: tuple[int, ...]
    end: int


@dataclass(frozen=True)
class Style:
    """The manner of speaking. ``voice``: an eSpeak NG voice file, with a variant after ``+``; ``rate`` in words per
    minute (80 to 450), ``pitch`` 0 to 100, ``word_gap`` in units of 10 ms.
    """

    voice: str
    rate: int = 160
    pitch: int = 50
    word_gap: int = 0


def synthesise(text: str, style: Style) -> Speech:
    """``text`` spoken. Raises MissingExtraError without the ``synth`` extra, NnasimError for an unknown voice."""
    blocks: list[NDArray[np.int16]] = []
    words: list[int] = []
    ends: list[int] = []

    def receive(samples: ctypes._Pointer[ctypes.c_short], count: int, events: ctypes._Pointer[_Event]) -> int:
        if samples and count > 0:
            blocks.append(np.ctypeslib.as_array(samples, (count,)).copy())
        for event in _until_none(events):
            if event.type == _EVENT_WORD:
                words.append(event.sample)
            elif event.type == _EVENT_END:
                ends.append(event.sample)
        return 0

    callback = _Callback(receive)  # must outlive the synthesis, or the library calls freed memory
    with _library() as (library, rate):
        library.espeak_SetSynthCallback(callback)
        _choose(library, style)
        data = text.encode() + b"\0"
        _check(library.espeak_Synth(data, len(data), 0, _POSITION_CHARACTER, 0, _UTF8, None, None), "synthesis")
        _check(library.espeak_Synchronize(), "synthesis")
    samples = np.concatenate(blocks) if blocks else np.zeros(0, np.int16)
    return Speech(samples, rate, tuple(words), max(ends, default=len(samples)))


def _until_none(events: ctypes._Pointer[_Event]) -> Iterator[_Event]:
    index = 0
    while events[index].type != _EVENT_NONE:
        yield events[index]
        index += 1


@contextmanager
def _library() -> Iterator[tuple[ctypes.CDLL, int]]:
    """The library, freshly loaded and initialised, and its sample rate in Hz; unloaded again at the end."""
    import _ctypes

    try:
        import espeakng_loader
    except ImportError:
        raise MissingExtraError("synth", "espeakng_loader") from None
    library = ctypes.CDLL(str(espeakng_loader.get_library_path()))
    try:
        rate = library.espeak_Initialize(_SYNCHRONOUS, 0, str(espeakng_loader.get_data_path()).encode(), _DO_NOT_EXIT)
        if rate <= 0:
            raise NnasimError(f"eSpeak NG cannot start with its data in {espeakng_loader.get_data_path()}")
        library.espeak_ng_SetRandSeed(ctypes.c_long(_NOISE_SEED))
        yield library, rate
        library.espeak_Terminate()
    finally:
        _ctypes.dlclose(library._handle)


def _choose(library: ctypes.CDLL, style: Style) -> None:
    _check(library.espeak_SetVoiceByName(style.voice.encode()), f"voice {style.voice!r}")
    for parameter, value in ((_RATE, style.rate), (_PITCH, style.pitch), (_WORD_GAP, style.word_gap)):
        _check(library.espeak_SetParameter(parameter, value, 0), f"parameter {parameter} = {value}")


def _check(status: int, what: str) -> None:
    if status != 0:
        raise NnasimError(f"eSpeak NG refuses {what} (status {status})")
