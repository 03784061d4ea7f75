"""The work that runs on the chip: recogniser shapes, importers, measured tables, bundled speech. Needs numpy at
most.
"""
