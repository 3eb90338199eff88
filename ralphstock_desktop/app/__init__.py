"""Puts the parts together: composition root, event loop, command line, files of the program. Nobody imports ``app``."""
