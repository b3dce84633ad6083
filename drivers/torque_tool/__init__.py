"""Torque tools, one package a protocol family."""
