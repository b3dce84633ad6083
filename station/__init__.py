"""The assembly station: pure decisions in `core`, input and output around them."""
