"""The logical layout of the window: what is open where, independent of pixels, screens and Qt versions."""
