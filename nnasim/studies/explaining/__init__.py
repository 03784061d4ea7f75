"""Why a run takes as long as it does: its critical path, what would help, why the CPU has work, how sure that is."""
