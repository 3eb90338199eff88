"""Long runs of live data against the simulator; the big one is a script, a short one is a test."""
