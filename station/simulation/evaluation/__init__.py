"""How well the eyes see: a set of scenes and sequences with the truth kept aside, and the score of what was said."""
