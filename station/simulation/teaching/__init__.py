"""A simulated thing without tags whose states are taught, and the pictures of it that teach and try a check."""
