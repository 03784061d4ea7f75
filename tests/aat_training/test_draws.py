"""Dropout of a part of a batch is the whole batch's; drawn by row, it is each utterance's own."""

from __future__ import annotations

import torch

from aat_training.draws import ByRow, RowsOfBatch, WholeBatch


def test_parts_of_a_batch_drop_what_the_whole_batch_drops():
    x, tokens = torch.randn(11, 6, 5), torch.zeros(4, 6, dtype=torch.int64)

    def drawn(draws):
        torch.manual_seed(3)
        return draws.dropped(x if isinstance(draws, WholeBatch) else x[:, draws.rows], 0.3), draws.kept(tokens, 0.5)

    whole = drawn(WholeBatch())
    parts = [drawn(RowsOfBatch(rows, 6)) for rows in (slice(0, 2), slice(2, 5), slice(5, 6))]
    assert torch.equal(torch.cat([dropped for dropped, _ in parts], dim=1), whole[0])
    assert torch.equal(torch.cat([kept for _, kept in parts], dim=1), whole[1])


def test_a_row_drops_the_same_whatever_stands_beside_it_and_however_it_is_padded():
    x, tokens = torch.randn(40, 3, 7), torch.zeros(9, 3, dtype=torch.int64)
    together, alone = ByRow([5, 6, 7]), ByRow([6])
    for _ in range(2):  # the second layer draws anew
        assert torch.equal(alone.dropped(x[:23, 1:2], 0.4), together.dropped(x, 0.4)[:23, 1:2])
    assert torch.equal(alone.kept(tokens[:4, 1:2], 0.4), together.kept(tokens, 0.4)[:4, 1:2])


def test_layers_steps_and_rows_drop_other_numbers():
    x = torch.ones(50, 2, 8)
    draws = ByRow([1, 2])
    first, second = draws.dropped(x, 0.5), draws.dropped(x, 0.5)
    assert not torch.equal(first, second)
    assert not torch.equal(first[:, 0], first[:, 1])
    assert set(first.unique().tolist()) == {0.0, 2.0}
    assert 0.4 < float((first == 0).float().mean()) < 0.6
