"""A batch in parts: every row once, and the gradients of the parts add up to that of the whole."""

from __future__ import annotations

import pytest
import torch

from aat_training.data.parts import ExamplesInMemory, divided
from aat_training.loss import transducer_loss
from aat_training.model.build import build_model
from aat_training.model.float_arithmetic import FloatArithmetic
from nnasim.numerics.config import NumericsConfig


def run_of(recipe, **changes):
    return recipe.float_run.model_copy(update={"dropout": 0.2, "token_dropout": 0.2, "batch": 8, **changes})


def parts_of_step(recipe, examples, run, step, rank=0, ranks=1):
    size = recipe.features.dimension
    steps = ExamplesInMemory(examples, recipe, run, rank, ranks).steps(step, torch.zeros(size), torch.ones(size))
    return next(steps)


def gradient(model, run, parts):
    """(name -> gradient, loss) of ``parts`` together."""
    model.zero_grad()
    loss = 0.0
    for part in parts:
        torch.manual_seed(17)
        each = part.share * transducer_loss(
            model, part.batch, ctc_weight=0.5, dropout=run.dropout, token_dropout=run.token_dropout, draws=part.draws
        )
        each.backward()
        loss += float(each.detach())
    return {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}, loss


@pytest.mark.parametrize(("rows", "parts"), [(8, 1), (8, 2), (7, 3), (2, 4), (0, 2)])
def test_rows_are_divided_evenly_and_each_goes_to_one_part(rows, parts):
    slices = divided(rows, parts)
    assert [row for each in slices for row in range(rows)[each]] == list(range(rows))
    sizes = [each.stop - each.start for each in slices]
    assert len(sizes) == parts
    assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize("arithmetic", ["float", "chip"])
@pytest.mark.parametrize(("accumulate", "ranks"), [(2, 1), (1, 2), (2, 2), (1, 8)])
def test_micro_batches_on_all_ranks_give_the_gradient_of_one_batch(
    recipe, examples, on_chip, arithmetic, accumulate, ranks
):
    torch.manual_seed(0)
    model = build_model(recipe, 5, FloatArithmetic()) if arithmetic == "float" else on_chip(NumericsConfig())
    dropout = {} if arithmetic == "float" else {"dropout": 0.0}  # which would leave the integers
    whole_run, run = run_of(recipe, **dropout), run_of(recipe, batch=8 // accumulate, accumulate=accumulate, **dropout)
    whole, loss = gradient(model, run, parts_of_step(recipe, examples, whole_run, 3))
    parts = [part for rank in range(ranks) for part in parts_of_step(recipe, examples, run, 3, rank, ranks)]
    assert len(parts) == accumulate * ranks
    assert sum(part.share for part in parts) == pytest.approx(1)
    together, sum_of_losses = gradient(model, run, parts)
    assert sum_of_losses == pytest.approx(loss, rel=1e-6)
    assert together.keys() == whole.keys()
    largest = max(float(each.abs().max()) for each in whole.values())
    for name, each in whole.items():
        torch.testing.assert_close(together[name], each, rtol=1e-4, atol=1e-5 * largest, msg=name)


def test_a_batch_of_fewer_rows_than_ranks_leaves_some_without(recipe, examples):
    run = run_of(recipe)
    parts = [parts_of_step(recipe, examples[:3], run, 0, rank, 8) for rank in range(8)]
    assert sorted(map(len, parts)) == [0] * 5 + [1] * 3
    assert sum(part.share for each in parts for part in each) == pytest.approx(1)


def test_the_integers_of_an_utterance_are_those_of_the_whole_batch(recipe, examples, on_chip):
    model = on_chip(NumericsConfig())
    run = run_of(recipe)
    (whole,) = parts_of_step(recipe, examples, run, 5)
    encoded, _ = model.encode(whole.batch.x_TBF)
    parts = [part for rank in range(2) for part in parts_of_step(recipe, examples, run, 5, rank, 2)]
    assert torch.equal(torch.cat([model.encode(part.batch.x_TBF)[0] for part in parts], dim=1), encoded)
