"""The as-of rule: which bar and which flows were known at an instant (domain.md §0.2)."""
