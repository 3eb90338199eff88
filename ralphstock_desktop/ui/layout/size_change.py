"""A window is laid out again only where a widget really wants another size."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QWidget

__all__ = ["tell_size"]


def tell_size(widget: QWidget, told: QSize) -> QSize:
    """Tell the layout if a widget wants another size than the one told last; return the size it wants.

    ``updateGeometry`` lays the whole window out, and what shows counts changes its words with every scan.
    """
    size = widget.sizeHint()
    if size != told:
        widget.updateGeometry()
    return size
