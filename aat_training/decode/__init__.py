"""Decoding: frames in, tokens out, with a record of every invocation that it took."""
