"""Painting of table cells and the table view that uses it."""
