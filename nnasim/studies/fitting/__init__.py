"""A chip from a user's own timings: fields found by least squares, how sure they are, and what no row can tell."""
