"""Reads result files and shows them: tables, figures, HTML. Needs neither torch nor simpy."""
