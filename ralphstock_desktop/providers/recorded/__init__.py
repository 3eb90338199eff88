"""Recorded broker messages: written while the stream runs, played back as a feed of quotes."""
