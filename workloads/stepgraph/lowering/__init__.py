"""Operations of a trace from normalised nodes, and the ledger with the fate of each node."""
