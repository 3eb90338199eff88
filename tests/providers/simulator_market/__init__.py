"""Tests of the replayed market and of its WebSocket."""
