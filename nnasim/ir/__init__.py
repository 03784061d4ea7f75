"""Records that pass between the rooms: workload, trace, program, run and result, with their readers and writers.

They are frozen, versioned and free of behaviour beyond their own arithmetic: `trace` is what a recogniser did,
`program` what the compiler makes of it, `run` what the event model saw, `result` the file that every report reads.
`io` is the one place that reads and writes them, and refuses a version it does not know.
"""
