"""Qt item models over NumPy columns and the pure helpers they use (filter language, 초성, wording)."""
