"""Utterances in shards: files of an hour or more, read as a stream, for corpora that fit neither a manifest nor memory.

A shard is a tar of audio files and a manifest of their words, named as in NeMo's tarred data sets (``audio_0.tar``
beside ``sharded_manifests/manifest_0.json``), so that other tools read them too. ``index.json``, which is written last,
counts the shards and holds their digests.
"""
