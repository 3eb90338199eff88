"""One module per schema version, oldest first; a released module never changes."""
