"""What is run on the chip: recogniser shapes, micro-benchmarks, importers, bundled speech. numpy at most."""
