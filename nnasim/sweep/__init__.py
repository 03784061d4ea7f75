"""Many hypothetical chips: studies, their points, a store that survives, local and distributed runs, search."""
