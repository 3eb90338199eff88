"""What signals became and what they were worth: life of a signal, costs, metrics, equity, event study (domain.md §7)."""
