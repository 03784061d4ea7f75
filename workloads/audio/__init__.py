"""Audio without torch: the header of a file, checked against the file itself before anything is decoded."""
