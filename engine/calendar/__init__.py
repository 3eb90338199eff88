"""The exchange's dated rules: trading days, sessions, tick sizes and price limits (domain.md §§1.4-1.7)."""
