"""The published vectors of test/vectors, recomputed."""
