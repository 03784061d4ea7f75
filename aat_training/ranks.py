"""Several processes that train one model: ranks, as `torchrun` starts them. One process alone is rank 0 of 1.

All communication between ranks goes through the few methods of ``Ranks``. Each of them ends in order: an error on one
rank is told to all, and all of them raise it; and when one has died, the others raise RankLostError.
"""

from __future__ import annotations

import signal
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn

from aat_training.devices import numpy_of
from aat_training.meeting import longest_wait, number, store_of_all
from nnasim.errors import ConfigError, NnasimError, RankLostError, SimulationError

ResultT = TypeVar("ResultT")
_LONGEST_COMPLAINT = 4000  # bytes


@dataclass(frozen=True)
class Ranks:
    """This process is number ``rank`` of ``count``."""

    rank: int = 0
    count: int = 1

    @property
    def alone(self) -> bool:
        """Whether there is no other rank."""
        return self.count == 1

    @property
    def first(self) -> bool:
        """Whether this process speaks and writes for all."""
        return self.rank == 0

    def agreed(self, work: Callable[[], ResultT]) -> ResultT:
        """The result of ``work`` here, once it has succeeded on every rank; else the first complaint, on every rank."""
        result, complaint = None, None
        try:
            result = work()
        except NnasimError as error:
            if self.alone or isinstance(error, RankLostError):
                raise
            complaint = error
        self._share(complaint)
        return result  # type: ignore[return-value]

    def of_first(self, work: Callable[[], int]) -> int:
        """The number that ``work`` returns on rank 0, where alone it is done."""
        number = self.agreed(lambda: work() if self.first else 0)
        return number if self.alone else int(self._sum(torch.tensor([number], dtype=torch.int64))[0])

    def refuse_others(self, text: str, compare: Callable[[str], None]) -> None:
        """Hand rank 0's ``text`` to every rank's ``compare``, which raises where its own differs."""
        if self.alone:
            return
        data = text.encode() if self.first else b""
        size = self.of_first(lambda: len(data))
        sent = torch.zeros(size, dtype=torch.uint8)
        if self.first:
            sent = torch.frombuffer(bytearray(data), dtype=torch.uint8)
        with _lost_where_broken():
            dist.broadcast(sent, 0)
        self.agreed(lambda: compare(bytes(sent.tolist()).decode()))

    def copy_from_first(self, model: nn.Module) -> None:
        """Give every rank the parameters and buffers of rank 0's ``model``."""
        if not self.alone:
            with _lost_where_broken():
                for tensor in model.state_dict().values():
                    dist.broadcast(tensor, 0)

    def add_gradients(self, parameters: Iterable[nn.Parameter], loss: float, complaint: NnasimError | None) -> float:
        """Sum the gradients of all ranks into those of each, in float32, and return the sum of ``loss``.

        One all-reduce of all gradients behind each other, where they are. A rank without utterances has none and adds
        nothing; a parameter without a gradient on every rank stays without. Raises the ``complaint`` of any rank, on
        every rank.
        """
        if self.alone:
            if complaint is not None:
                raise complaint
            return loss
        trained = [parameter for parameter in parameters if parameter.requires_grad]
        # First what is said between the CPUs, who notice a rank that has died: a GPU would wait for its numbers.
        said = self._sum(torch.tensor([*(float(p.grad is not None) for p in trained), loss, complaint is not None]))
        if said[-1]:
            self._share(complaint)
        pieces = [p.new_zeros(p.numel()) if p.grad is None else p.grad.flatten() for p in trained]
        sums = self._sum(torch.cat(pieces)).split([p.numel() for p in trained])
        for parameter, total, seen in zip(trained, sums, said, strict=False):
            parameter.grad = total.view_as(parameter) if seen else None
        return float(said[-2])

    def add(self, *numbers: int) -> list[int]:
        """Sums of whole ``numbers`` over all ranks."""
        return list(numbers) if self.alone else self._sum(torch.tensor(numbers, dtype=torch.int64)).tolist()

    def refuse_other_weights(self, parameters: Iterable[nn.Parameter], step: int) -> None:
        """Raise SimulationError unless every rank holds the same bits: ranks that drift apart train different
        models.
        """
        if self.alone:
            return
        digest = 0
        for parameter in parameters:
            digest = zlib.crc32(numpy_of(parameter).tobytes(), digest)
        own = torch.tensor([digest, -digest], dtype=torch.int64)
        with _lost_where_broken():
            dist.all_reduce(own, dist.ReduceOp.MAX)
        if own[0] != -own[1]:
            raise SimulationError(f"the ranks hold different weights after step {step}")

    def _share(self, complaint: NnasimError | None) -> None:
        """Share ``complaint`` with every rank; NnasimError with the first rank's that has one."""
        if self.alone:
            return
        text = b"" if complaint is None else str(complaint).encode()[:_LONGEST_COMPLAINT]
        own = torch.zeros(_LONGEST_COMPLAINT, dtype=torch.uint8)
        own[: len(text)] = torch.tensor(list(text), dtype=torch.uint8)
        everyone = [torch.zeros_like(own) for _ in range(self.count)]
        with _lost_where_broken():
            dist.all_gather(everyone, own)
        texts = [bytes(each.tolist()).rstrip(b"\0").decode(errors="replace") for each in everyone]
        for rank, said in enumerate(texts):
            if said:
                raise complaint if complaint is not None and rank == self.rank else NnasimError(_by(rank, said, texts))

    def _sum(self, numbers: Tensor) -> Tensor:
        with _lost_where_broken():
            dist.all_reduce(numbers)
        return numbers


def _by(rank: int, said: str, texts: list[str]) -> str:
    """``said``, and of which rank it is true, unless it is of all."""
    return said if all(text == said for text in texts) else f"rank {rank}: {said}"


@contextmanager
def joined_ranks(device: str = "cpu") -> Iterator[Ranks]:
    """The ranks of this run while it lasts, by the variables that `torchrun` sets; without them, one process alone.

    ``device``: where they train, as ``open_device`` has it; tensors there are summed there.
    Raises ConfigError for variables that cannot be, RankLostError where the others cannot be reached.
    """
    count, rank = number("WORLD_SIZE", 1), number("RANK", 0)
    if rank >= count:
        raise ConfigError("ranks", "RANK", rank, f"must be less than WORLD_SIZE, {count}")
    if count == 1:
        yield Ranks()
        return
    try:
        store = store_of_all(count, rank)
        dist.init_process_group(backends(device), timeout=longest_wait(), world_size=count, rank=rank, store=store)
    except (RuntimeError, ValueError) as error:
        raise RankLostError(f"the ranks cannot find each other ({_first_line(error)})", speaks=rank == 0) from None
    with _terminated_in_order():
        try:
            yield Ranks(rank, count)
        finally:
            with suppress(RuntimeError):
                dist.destroy_process_group()


def backends(device: str) -> str:
    """The backends that carry tensors between ranks: gloo for the CPU, and NCCL for GPUs."""
    return "cpu:gloo,cuda:nccl" if device.startswith("cuda") and torch.cuda.is_available() else "gloo"


@contextmanager
def _lost_where_broken() -> Iterator[None]:
    """A context that raises RankLostError if communication with the others fails: one of them is dead, or was silent
    for too long.
    """
    try:
        yield
    except RuntimeError as error:
        timed_out = "imed out" in str(error)
        why = f"was silent for {longest_wait()}" if timed_out else "has ended"
        raise RankLostError(f"another rank {why}, and so does this run; continue with `resume`", _speaks()) from None


def _speaks() -> bool:
    """Whether this rank was the first of the survivors to ask: `torchrun` keeps its number, so rank 0 may be dead."""
    with suppress(RuntimeError, AttributeError, ValueError):
        own = str(dist.get_rank())
        return bool(_store().compare_set("nnasim/speaker", "", own).decode() == own)
    return True


def _store() -> Any:
    return dist.distributed_c10d._get_default_store()


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:200]


@contextmanager
def _terminated_in_order() -> Iterator[None]:
    """A context in which SIGTERM, which `torchrun` sends to the survivors of a dead rank, becomes RankLostError.

    If something else breaks on the way out, such as a worker that got the signal too, RankLostError is raised all the
    same.
    """

    def end(number: int, frame: object) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once is enough
        raise RankLostError("ended by SIGTERM, as when another rank has died; continue with `resume`", _speaks())

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    except Exception as error:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # this process ends by itself, with its own exit code
        lost = next((each for each in _chain(error) if isinstance(each, RankLostError)), error)
        raise lost from None
    else:
        signal.signal(signal.SIGTERM, before)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """``error``, and those during whose handling it arose."""
    while error is not None:
        yield error
        error = error.__context__
