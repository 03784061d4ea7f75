"""Other tools that estimate a layer's cycles, run as their own commands on the same layer, if they are installed."""
