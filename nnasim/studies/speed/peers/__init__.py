"""Other tools that estimate a layer's cycles, run as their own commands on the same layer, where they are installed."""
