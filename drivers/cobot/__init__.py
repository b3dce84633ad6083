"""Cobots, one package a family."""
