"""Speech in: manifests, audio, features, and the makers of corpora."""
