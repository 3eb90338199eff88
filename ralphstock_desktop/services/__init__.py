"""Orchestration without Qt: what the window asks for and what it is told."""
