"""Figures as inline SVG: the same bytes for the same data, readable in black and white and on a phone."""
