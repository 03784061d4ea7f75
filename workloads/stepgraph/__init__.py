"""StepGraph: one call of a streaming model of anybody's, in float, free of frameworks; and its road to an OpTrace."""
