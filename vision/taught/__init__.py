"""Checks that are taught with examples: a flat region of the bench, rectified, told to be in one of a few states."""
