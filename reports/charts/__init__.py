"""Interactive charts, one for each figure of `reports.figures`: the same data, colours and order."""
