"""Decoding: frames in, tokens out, with a record of every call that it took."""
