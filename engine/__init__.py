"""What is true about the market: numbers, rules and explanations.

Only the standard library and NumPy live here. No Qt, no network, no database, no clock and no randomness, so that every
result is a function of its arguments and can be recomputed for any past instant.
"""
