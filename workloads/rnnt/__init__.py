"""Recogniser shapes, and the op graphs that follow from them."""
