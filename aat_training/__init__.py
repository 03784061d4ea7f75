"""Speech in, words out: training, decoding and evaluation. The only folder that imports torch."""
