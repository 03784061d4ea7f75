"""Models of several graphs: who hands what to whom, when each runs, and greedy decoding in float."""
