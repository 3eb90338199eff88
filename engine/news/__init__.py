"""News scoring (domain.md §6): titles into clusters, clusters into points, and what a language model may add.

Nothing here reads a clock, a network or a store: items and the instant are given, and what was not known by then is not used.
"""
