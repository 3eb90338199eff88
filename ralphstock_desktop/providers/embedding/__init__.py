"""Embedding models on this machine, behind :class:`~ralphstock_desktop.assistant_ports.Embedder`.

A model is a folder the user chose; nothing is ever fetched from a network. Importing this package costs nothing.
"""

from __future__ import annotations

from ralphstock_desktop.providers.embedding.static_model import StaticEmbedder, open_embedder

__all__ = ["StaticEmbedder", "open_embedder"]
