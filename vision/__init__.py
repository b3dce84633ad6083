"""Cameras and what is seen through them: pixels in, small immutable facts out. Knows neither drivers nor the station."""
