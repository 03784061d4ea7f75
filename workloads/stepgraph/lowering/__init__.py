"""From normalised nodes to operations of a trace, and the ledger that says where each node has gone."""
