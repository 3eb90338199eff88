"""Character and paragraph formats of a message, made once for an appearance."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QTextBlockFormat, QTextCharFormat, QTextOption

from ralphstock_desktop.services.assistant_contracts import Span
from ralphstock_desktop.ui.appearance import Appearance, FontSize

__all__ = ["STRUCK", "FormatBook"]

STRUCK = int(QTextCharFormat.Property.UserProperty) + 2
"""Char property: text key of the reason why a word is struck through."""

_FIXED = QTextBlockFormat.LineHeightTypes.FixedHeight.value


class FormatBook:
    """Formats by what a run or a paragraph is.

    Parameters
    ----------
    ink : str
        Colour token of plain words.
    struck : str
        Colour token of words that are not shown as fact.
    """

    def __init__(self, look: Appearance, *, ink: str = "text", struck: str = "danger") -> None:
        self.look = look
        self._ink, self._struck = ink, struck
        self._chars: dict[tuple[object, ...], QTextCharFormat] = {}

    def char(self, span: Span, size: FontSize, *, linked: bool, bold: bool = False, ink: str = "") -> QTextCharFormat:
        """Format of a span. ``linked``: its fact is known, so it is a link."""
        key = (size, linked, bold or span.bold, span.italic, span.code, span.struck, ink)
        found = self._chars.get(key)
        if found is None:
            found = self._chars[key] = self._make(span, size, linked=linked, bold=bold or span.bold, ink=ink)
        return found

    def _make(self, span: Span, size: FontSize, *, linked: bool, bold: bool, ink: str) -> QTextCharFormat:
        look, form = self.look, QTextCharFormat()
        form.setFont(look.font(size, bold=bold or linked))
        form.setForeground(look.color(self._struck if span.struck else "link" if linked else ink or self._ink))
        if span.italic:
            form.setFontItalic(True)
        if span.code:
            form.setBackground(look.color("bg-raised"))
        if span.struck:
            form.setFontStrikeOut(True)
            form.setProperty(STRUCK, span.struck)
        if linked and not span.struck:
            form.setUnderlineStyle(QTextCharFormat.UnderlineStyle.DotLine)
            form.setUnderlineColor(look.color("link"))
        return form

    def block(
        self, *, line: float = 22, above: float = 0, below: float = 0, left: float = 0, hang: float = 0, keep: bool = False
    ) -> QTextBlockFormat:
        """Format of a paragraph, sizes in px at 100 %.

        Parameters
        ----------
        line : float
            Height of a line, fixed so that every font family gives the same rhythm; 0 lets the content decide.
        hang : float
            Room of an item's mark: the first line begins that much further left.
        keep : bool
            Never break the line (numbers of a table).
        """
        px, form = self.look.px, QTextBlockFormat()
        if line:
            form.setLineHeight(px(line), _FIXED)
        form.setTopMargin(px(above))
        form.setBottomMargin(px(below))
        form.setLeftMargin(px(left + hang))
        if hang:
            form.setTextIndent(-px(hang))
            form.setTabPositions([QTextOption.Tab(px(hang), QTextOption.TabType.LeftTab)])
        form.setNonBreakableLines(keep)
        form.setAlignment(Qt.AlignmentFlag.AlignLeft)
        return form
