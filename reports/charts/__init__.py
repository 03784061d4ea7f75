"""Charts that answer to the pointer, one for each figure of `reports.figures`: the same data, colours and order."""
