"""The simulated bench: a world in millimetres, a visitor's script, runs in real or simulated time. Never production."""
