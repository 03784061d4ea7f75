"""The figures that people want to show, each with the commands that draw it: ``python -m reports.gallery FOLDER``."""
