"""From the arrays of a scan to evidence, overlays and sentences. The same numbers, never recomputed."""
