"""What the files of a station may say: read, checked whole, and turned into frozen values."""
