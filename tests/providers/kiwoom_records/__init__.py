"""Tests of the catalogue, records, parser and source of the broker."""
