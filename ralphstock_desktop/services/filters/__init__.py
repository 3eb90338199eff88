"""The filter line's language, the words it knows, and a scan as rows it can be asked about; without Qt."""
