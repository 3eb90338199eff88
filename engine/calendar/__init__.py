"""Trading days, session phases, tick sizes and price limits, all by date (domain.md §§1.4-1.7)."""
