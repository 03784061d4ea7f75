"""The compiled point-wise half: PyTorch's bits on every chip, built for the user alone, and never needed."""

from __future__ import annotations

import os
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from aat_training.explain import steps_by
from aat_training.quant.compiled import build, lstm_back, lstm_steps
from aat_training.quant.compiled.call import by_number
from aat_training.quant.lstm import LstmKernel, LstmSequence, quantise_lstm
from nnasim.numerics.config import NumericsConfig
from nnasim.numerics.layers import Ranges, build_cell
from tests.aat_training.quant.chips import CHIPS

RANGES = Ranges(6.0, 3.0, 3.0, 4.7)
NOT_COVERED = "31-bit multipliers", "double rounding"

needs_compiler = pytest.mark.skipif(build.load(lstm_steps.SOURCE) is None, reason="no C compiler on this machine")


def kernel_of(name: str, gradient="output") -> LstmKernel:
    numerics = NumericsConfig(**CHIPS[name])
    return LstmKernel.of("layer", build_cell(numerics, RANGES), numerics, 2.0**-7, gradient)


def inputs(kernel: LstmKernel, gain: float, units: int = 37, batch: int = 3) -> list[torch.Tensor]:
    """Odd sizes, so that the ends of vector loops run too."""
    rng = torch.Generator().manual_seed(7)
    top = 1 << (kernel.cell.act_bits - 1)
    x = torch.randint(-top, top, (11, batch, 21), generator=rng).float()
    shapes = (4 * units, 21), (4 * units, units), (4 * units,)
    parameters = [gain * torch.randn(shape, generator=rng) for shape in shapes]
    h, c = (torch.randint(-100, 100, (batch, units), generator=rng).float() for _ in range(2))
    return [x, *parameters, h, c]


def run(kernel: LstmKernel, values: list[torch.Tensor]) -> list[torch.Tensor]:
    """h, the last c, and the gradient of each of the six inputs."""
    leaves = [value.clone().requires_grad_() for value in values]
    h, c = LstmSequence.apply(*leaves, kernel)
    probe = torch.randn(h.shape, generator=torch.Generator().manual_seed(1))
    ((h * probe).sum() + c.sum()).backward()
    return [h.detach(), c.detach(), *(leaf.grad for leaf in leaves)]


@needs_compiler
@pytest.mark.parametrize("gain", [0.1, 0.5, 4.0], ids=["small", "usual", "saturating"])
@pytest.mark.parametrize("name", CHIPS)
def test_results_and_gradients_are_pytorchs_bit_for_bit(name, gain, monkeypatch):
    kernel = kernel_of(name)
    values = inputs(kernel, gain)
    results = {}
    for wanted in "01":
        monkeypatch.setenv("NNASIM_COMPILED", wanted)
        results[wanted] = run(kernel, values)
    for plain, compiled in zip(results["0"], results["1"], strict=True):
        assert torch.equal(plain, compiled)
    assert results["1"][2].abs().sum() > 0


@needs_compiler
@pytest.mark.parametrize("gradient", ["segment", "identity"])
def test_named_gradients_are_the_same_too(gradient, monkeypatch):
    kernel = kernel_of("lut8, int8 cell", gradient)
    values = inputs(kernel, 0.5)
    monkeypatch.setenv("NNASIM_COMPILED", "0")
    plain = run(kernel, values)
    monkeypatch.setenv("NNASIM_COMPILED", "1")
    assert all(torch.equal(a, b) for a, b in zip(plain, run(kernel, values), strict=True))


@pytest.mark.parametrize("name", CHIPS)
def test_only_scales_that_double_cannot_hold_are_left_out(name):
    kernel = kernel_of(name)
    weights = quantise_lstm(kernel, *inputs(kernel, 0.5)[1:4])
    assert lstm_steps.covers(kernel, weights) == (name not in NOT_COVERED)


@needs_compiler
def test_it_says_which_of_the_two_computes(on_chip, monkeypatch):
    model = on_chip(NumericsConfig(**CHIPS["double rounding"]))
    monkeypatch.setenv("NNASIM_COMPILED", "1")
    assert re.fullmatch(r"LSTM steps: compiled \(.*/nnasim/lstm_steps-.*\.so\); not covered.*enc0.*", steps_by(model))
    assert steps_by(on_chip(NumericsConfig())).endswith(".so)")
    assert steps_by(on_chip(NumericsConfig(), fallback=True)) == "LSTM steps: float"
    monkeypatch.setenv("NNASIM_COMPILED", "0")
    assert steps_by(model) == "LSTM steps: plain PyTorch (NNASIM_COMPILED=0)"


@needs_compiler
def test_the_compiled_part_is_what_runs(monkeypatch):
    called = []

    def watched(source, name, *rest):
        called.append(name)
        return by_number(source, name, *rest)

    for module in (lstm_steps, lstm_back):
        monkeypatch.setattr(module, "by_number", watched)
    kernel = kernel_of("lut8, int8 cell")
    run(kernel, inputs(kernel, 0.5))
    assert [name for name in called if name != "nnasim_lstm_forward_all"] == [
        "nnasim_lstm_forward",
        "nnasim_lstm_backward",
    ]


@pytest.fixture
def fresh(tmp_path, monkeypatch):
    """An empty cache folder and nothing loaded yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    build.load.cache_clear()
    yield tmp_path / "nnasim"
    build.load.cache_clear()


def test_without_a_compiler_plain_pytorch_does_the_work(fresh, monkeypatch):
    monkeypatch.setenv("PATH", str(fresh))
    assert not lstm_steps.available()
    assert lstm_steps.state() == "plain PyTorch (no C compiler, or no build)"
    kernel = kernel_of("lut8, int8 cell")
    assert run(kernel, inputs(kernel, 0.5))[0].any()


@needs_compiler
def test_a_build_that_fails_leaves_nothing_behind(fresh):
    source = fresh.parent / "wrong.c"
    source.write_text("this is not C")
    assert build.load(source) is None
    assert list(fresh.iterdir()) == []


@needs_compiler
def test_it_is_built_once_and_for_the_user_alone(fresh):
    assert build.load(lstm_steps.SOURCE) is not None
    (library,) = fresh.glob("*.so")
    assert library.stat().st_mode & 0o077 == 0
    assert fresh.stat().st_mode & 0o077 == 0
    before = library.stat().st_mtime_ns
    build.load.cache_clear()
    assert build.load(lstm_steps.SOURCE) is not None
    assert library.stat().st_mtime_ns == before


@needs_compiler
def test_a_library_that_others_may_write_is_built_again(fresh):
    build.load(lstm_steps.SOURCE)
    (library,) = fresh.glob("*.so")
    good = library.read_bytes()
    library.unlink()
    library.write_bytes(b"not a library")
    library.chmod(0o777)
    build.load.cache_clear()
    assert build.load(lstm_steps.SOURCE) is not None
    assert len(library.read_bytes()) == len(good)


@needs_compiler
def test_a_cache_folder_of_others_is_not_used(fresh):
    fresh.mkdir()
    os.chmod(fresh, 0o777)
    assert build.load(lstm_steps.SOURCE) is None


def test_a_changed_source_is_another_library():
    assert build._digest(b"a", "cc") != build._digest(b"b", "cc")
    assert Path(lstm_steps.SOURCE).is_file()


@needs_compiler
def test_half_a_library_as_power_loss_leaves_it_is_built_again(fresh):
    build.load(lstm_steps.SOURCE)
    (library,) = fresh.glob("*.so")
    whole = len(library.read_bytes())
    library.unlink()  # a library that is loaded may not be cut
    library.write_bytes(bytes(whole // 2))
    library.chmod(0o700)
    build.load.cache_clear()
    assert build.load(lstm_steps.SOURCE) is not None
    assert len(library.read_bytes()) == whole


@needs_compiler
@pytest.mark.parametrize("harm", ["emptied", "one bit flipped", "longer", "a seal of another", "no seal"])
def test_a_library_that_is_not_what_was_built_is_built_again(harm: str, fresh: Path) -> None:
    """Never loaded: half of one ends the process with a signal."""
    build.load(lstm_steps.SOURCE)
    (library,), (seal,) = fresh.glob("*.so"), fresh.glob("*.sha256")
    good, sealed = library.read_bytes(), seal.read_text()
    library.unlink()  # a library that is loaded may not be changed
    flipped = bytes([good[0] ^ 1]) + good[1:]
    library.write_bytes({"emptied": b"", "one bit flipped": flipped, "longer": good + b"x"}.get(harm, good))
    library.chmod(0o700)
    if harm == "a seal of another":
        seal.write_text(build._seal_of(b"another"))
    elif harm == "no seal":
        seal.unlink()
    before = library.stat().st_ino
    build.load.cache_clear()
    assert build.load(lstm_steps.SOURCE) is not None
    assert (library.read_bytes(), seal.read_text()) == (good, sealed)
    assert library.stat().st_ino != before
    assert sorted(fresh.iterdir()) == sorted([library, seal])


@needs_compiler
def test_a_library_of_another_user_or_behind_a_link_is_built_again(fresh: Path, tmp_path: Path) -> None:
    build.load(lstm_steps.SOURCE)
    (library,) = fresh.glob("*.so")
    library.rename(elsewhere := tmp_path / "elsewhere.so")
    library.symlink_to(elsewhere)
    build.load.cache_clear()
    assert build.load(lstm_steps.SOURCE) is not None
    assert not library.is_symlink()
    if os.getuid() == 0:
        os.chown(library, 54321, 54321)
        build.load.cache_clear()
        assert build.load(lstm_steps.SOURCE) is not None
        assert library.stat().st_uid == 0


@needs_compiler
def test_the_bytes_of_a_library_and_its_seal_are_on_the_disk_before_they_have_their_names(
    fresh: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else power loss may keep the name and lose the bytes."""
    synced, fsync, replace = set(), os.fsync, os.replace

    def watched_fsync(handle: int) -> None:
        synced.add((os.fstat(handle).st_ino, os.fstat(handle).st_size))
        fsync(handle)

    named = []

    def watched_replace(source: str, target: str) -> None:
        named.append(Path(target).suffix)
        assert (os.stat(source).st_ino, os.stat(source).st_size) in synced
        replace(source, target)

    monkeypatch.setattr(os, "fsync", watched_fsync)
    monkeypatch.setattr(os, "replace", watched_replace)
    assert build.load(lstm_steps.SOURCE) is not None
    assert named == [".sha256", ".so"]


@pytest.mark.parametrize("home", [None, "", "here", "./here"])
def test_without_a_home_plain_pytorch_does_the_work(
    home: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is built into, or loaded from, the working folder; tests/fuzz/test_homes.py has real users."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("HOME", raising=False)
    if home is not None:
        monkeypatch.setenv("HOME", home)

    def nobody(number: int) -> None:
        raise KeyError(number)

    monkeypatch.setattr("pwd.getpwuid", nobody)
    build.load.cache_clear()
    assert build.load(lstm_steps.SOURCE) is None
    assert list(tmp_path.iterdir()) == []
    build.load.cache_clear()


@pytest.mark.parametrize("home", [None, "", "here"])
def test_without_a_home_of_its_own_the_listed_one_is_taken(
    home: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("HOME", raising=False)
    if home is not None:
        monkeypatch.setenv("HOME", home)
    monkeypatch.setattr("pwd.getpwuid", lambda number: SimpleNamespace(pw_dir=str(tmp_path)))
    assert build.cache_folder() == tmp_path / ".cache" / "nnasim"


@needs_compiler
@pytest.mark.parametrize("path", [".", "", "bin", ".:bin:", "./bin", "../here/bin"])
def test_a_compiler_in_the_working_folder_is_not_run(
    path: str, fresh: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here" / "bin").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")
    for name in build.COMPILERS:
        for there in (Path(name), Path("bin") / name):
            there.write_text(f"#!/bin/sh\ntouch {tmp_path}/was_run\n")
            there.chmod(0o700)
    monkeypatch.setenv("PATH", path)
    build.load(lstm_steps.SOURCE)
    assert not (tmp_path / "was_run").exists()
    monkeypatch.setenv("PATH", os.pathsep.join([path, "/usr/bin"]))
    assert build._absolute_path() == "/usr/bin"
