"""Cameras and what is seen through them: pixels in, immutable facts out. Knows neither drivers nor the station."""
