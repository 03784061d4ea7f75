"""The activation units that come with nnasim, one file each, and the registry that knows them and a user's own by name.

A file holds a unit's integer arithmetic, its constants and one ``UnitKind``; the registry holds one line for each.
"""
