"""StepGraph: one call of any streaming model, in float, independent of frameworks, and its conversion to an OpTrace."""
