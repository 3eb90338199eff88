"""Scorers: measures and thresholds in, points and grades out."""
