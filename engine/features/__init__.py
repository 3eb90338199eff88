"""Measures of bars and flows as arrays: windows, swings, strength, adjustment."""
