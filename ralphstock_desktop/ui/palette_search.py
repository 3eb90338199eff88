"""The one search box and its list: symbols, screens, commands, settings and past days (design.md §11).

Safe with an input method: while a syllable is being composed, the field is never written, its cursor never moved. The
search runs on committed text plus the composition text read from the event. Enter during composition only commits.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from PySide6.QtCore import QAbstractListModel, QEvent, QModelIndex, QObject, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QGuiApplication, QInputMethodEvent, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QFrame,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.viewmodels.shell import Answer, PaletteModel
from ralphstock_desktop.wording import format as fmt

__all__ = ["PalettePopup", "SearchField"]

_Index = QModelIndex | QPersistentModelIndex
_ANSWER = int(Qt.ItemDataRole.UserRole)


class SearchField(QLineEdit):
    """The search field of the app bar.

    Signals
    -------
    query_changed(str)
        Committed text with the composition text at the cursor.
    """

    query_changed = Signal(str)

    def __init__(self, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._appearance = appearance
        self._preedit = ""
        self._key_hint = "Ctrl K"
        self.textChanged.connect(self._on_text)
        appearance.changed.connect(self.apply)
        self.apply()

    @property
    def composing(self) -> bool:
        """Whether a syllable is being composed."""
        return bool(self._preedit)

    def query(self) -> str:
        """Committed text plus composition text."""
        text, at = self.text(), self.cursorPosition()
        return text[:at] + self._preedit + text[at:]

    def apply(self) -> None:
        """Take words and sizes from the appearance."""
        look = self._appearance
        self.setPlaceholderText(look.tr("shell.search.hint"))
        self.setAccessibleName(look.tr("shell.search.name"))
        self.setFont(look.font("body"))
        self.setTextMargins(look.px(22), 0, look.px(56), 0)

    def inputMethodEvent(self, event: QInputMethodEvent) -> None:
        """Remember the composition text and search with it; the field itself is left to Qt."""
        super().inputMethodEvent(event)
        before, self._preedit = self._preedit, event.preeditString()
        if before != self._preedit or event.commitString():
            self.query_changed.emit(self.query())

    def focusOutEvent(self, event: Any) -> None:
        """Composition ends with the focus; Qt commits or drops it."""
        super().focusOutEvent(event)
        self._preedit = ""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter during composition commits and does nothing else."""
        if self.composing and event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            QGuiApplication.inputMethod().commit()
            event.accept()
            return
        super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Add the magnifier and the key hint to Qt's field."""
        super().paintEvent(event)
        look = self._appearance
        painter = QPainter(self)
        try:
            side = look.px(14)
            painter.drawPixmap(
                look.px(9), (self.height() - side) // 2, look.pixmap("search", "text-muted", 14, self.devicePixelRatioF())
            )
            if not self.hasFocus():
                font = look.font("caption")
                width = QFontMetrics(font).horizontalAdvance(self._key_hint) + look.px(10)
                cap = QRect(self.width() - width - look.px(6), (self.height() - look.px(18)) // 2, width, look.px(18))
                painter.setPen(QPen(look.color("line-strong"), 1))
                painter.drawRoundedRect(cap.adjusted(0, 0, -1, -1), look.px(3), look.px(3))
                painter.setPen(look.color("text-secondary"))
                painter.setFont(font)
                painter.drawText(cap.x() + look.px(5), look.baseline(cap.y(), cap.height(), font), self._key_hint)
        finally:
            painter.end()

    def _on_text(self, _text: str) -> None:
        if not self.composing:
            self.query_changed.emit(self.query())


class _Rows(QAbstractListModel):
    """Answers with a heading before each group. Headings cannot be chosen."""

    def __init__(self, appearance: Appearance, parent: QObject) -> None:
        super().__init__(parent)
        self._appearance = appearance
        self.rows: list[Answer | str] = []

    def show_answers(self, answers: list[Answer]) -> None:
        """Replace all rows."""
        self.beginResetModel()
        self.rows = []
        group = ""
        for answer in answers:
            if answer.group != group:
                group = answer.group
                self.rows.append(group)
            self.rows.append(answer)
        self.endResetModel()

    def rowCount(self, parent: _Index | None = None) -> int:
        """Number of rows with headings."""
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def flags(self, index: _Index) -> Qt.ItemFlag:
        """Headings are only there to be read."""
        if isinstance(self.rows[index.row()], str):
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Text for screen readers, the answer for the delegate."""
        row = self.rows[index.row()]
        if role == _ANSWER:
            return row
        if role in {int(Qt.ItemDataRole.DisplayRole), int(Qt.ItemDataRole.AccessibleTextRole)}:
            return self.text_of(row)
        return None

    def text_of(self, row: Answer | str) -> str:
        """The words of a row."""
        look = self._appearance
        if isinstance(row, str):
            return look.tr(f"shell.palette.{row}")
        if row.group == "days":
            return look.tr("shell.palette.go_to", day=fmt.day_long(date.fromisoformat(row.id), look.language))
        if row.group == "ask":
            return look.tr("shell.palette.ask_this", text=row.text)
        return f"{row.text} {row.detail}".strip()


class _RowPainter(QStyledItemDelegate):
    """Paints a heading or an answer: icon, name with matched letters, detail, price, key."""

    def __init__(self, appearance: Appearance, rows: _Rows, parent: QObject) -> None:
        super().__init__(parent)
        self._appearance, self._rows = appearance, rows

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        """30 px per answer, 24 per heading."""
        del option
        heading = isinstance(self._rows.rows[index.row()], str)
        return QSize(100, self._appearance.px(24 if heading else 30))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        """Draw one row."""
        row, look, box = self._rows.rows[index.row()], self._appearance, option.rect
        painter.save()
        if isinstance(row, str):
            font = look.font("caption", bold=True)
            painter.setFont(font)
            painter.setPen(look.color("text-muted"))
            painter.drawText(box.left() + look.px(16), look.baseline(box.top(), box.height(), font), self._rows.text_of(row))
        else:
            if option.state & QStyle.StateFlag.State_Selected:
                painter.fillRect(box.adjusted(look.px(6), 0, -look.px(6), 0), look.color("selection"))
                painter.fillRect(QRect(box.left() + look.px(6), box.top(), 2, box.height()), look.color("accent"))
            self._paint_answer(painter, box, row)
        painter.restore()

    def _paint_answer(self, painter: QPainter, box: QRect, row: Answer) -> None:
        look = self._appearance
        side, left = look.px(14), box.left() + look.px(18)
        ratio = painter.device().devicePixelRatioF()
        painter.drawPixmap(left, box.top() + (box.height() - side) // 2, look.pixmap(row.icon, "text-secondary", 14, ratio))
        left += side + look.px(10)
        right = self._paint_right(painter, box, row) - look.px(12)
        font = look.font("title", bold=row.group == "symbols")
        metrics = QFontMetrics(font)
        text = row.text if row.group not in ("days", "ask") else self._rows.text_of(row)
        shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, max(0, right - left))
        base = look.baseline(box.top(), box.height(), font)
        painter.setFont(font)
        lit = {at for start, stop in row.matched for at in range(start, stop)}
        x = left
        for start, stop, is_lit in _runs(shown, lit):
            piece = shown[start:stop]
            painter.setPen(look.color("link" if is_lit else "text"))
            painter.drawText(x, base, piece)
            x += metrics.horizontalAdvance(piece)
        if row.detail:
            font = look.font("caption")
            detail = QFontMetrics(font).elidedText(row.detail, Qt.TextElideMode.ElideRight, max(0, right - x - look.px(8)))
            painter.setFont(font)
            painter.setPen(look.color("text-muted"))
            painter.drawText(x + look.px(8), look.baseline(box.top(), box.height(), font), detail)

    def _paint_right(self, painter: QPainter, box: QRect, row: Answer) -> int:
        """Draw key cap and price from the right; return where they begin."""
        look = self._appearance
        right = box.right() - look.px(16)
        if row.key:
            font = look.font("caption")
            width = QFontMetrics(font).horizontalAdvance(row.key) + look.px(12)
            cap = QRect(right - width, box.top() + (box.height() - look.px(18)) // 2, width, look.px(18))
            painter.setPen(QPen(look.color("line-strong"), 1))
            painter.drawRoundedRect(cap, look.px(3), look.px(3))
            painter.setFont(font)
            painter.setPen(look.color("text-secondary"))
            painter.drawText(cap.x() + look.px(6), look.baseline(cap.y(), cap.height(), font), row.key)
            right = cap.left() - look.px(12)
        if row.price_krw is not None:
            font = look.font("title", bold=True)
            change = row.change_pct
            text = fmt.price(row.price_krw) + (f"  {fmt.percent(change)}" if change is not None else "")
            painter.setFont(font)
            painter.setPen(look.color(look.direction_token(change) if change is not None else "text"))
            right -= QFontMetrics(font).horizontalAdvance(text)
            painter.drawText(right, look.baseline(box.top(), box.height(), font), text)
        return right


def _runs(text: str, lit: set[int]) -> list[tuple[int, int, bool]]:
    """Split a text into runs of matched and other letters."""
    runs: list[tuple[int, int, bool]] = []
    for at in range(len(text)):
        if runs and runs[-1][2] == (at in lit):
            runs[-1] = (runs[-1][0], at + 1, runs[-1][2])
        else:
            runs.append((at, at + 1, at in lit))
    return runs


class PalettePopup(QFrame):
    """The list under the search field. It never takes the focus, so that composition is not disturbed.

    Signals
    -------
    chosen(Answer)
        A row was chosen by Enter or click.
    """

    chosen = Signal(object)

    def __init__(self, appearance: Appearance, field: SearchField, model: PaletteModel, parent: QWidget) -> None:
        super().__init__(parent)
        self._appearance, self._field, self._model = appearance, field, model
        self.rows = _Rows(appearance, self)
        self.list = QListView(self)
        self.list.setModel(self.rows)
        self.list.setItemDelegate(_RowPainter(appearance, self.rows, self))
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.clicked.connect(self._on_click)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.list)
        self._foot = 0
        self._layout = layout
        field.query_changed.connect(self.search)
        field.installEventFilter(self)
        appearance.changed.connect(self._apply)
        self._apply()
        self.hide()

    # -- what is shown ----------------------------------------------------------------------------------------------------

    def search(self, text: str) -> None:
        """Show the answers for a text; nothing is written back into the field."""
        if not self._field.hasFocus():
            return
        self.rows.show_answers(self._model.answers(text))
        first = next((at for at, row in enumerate(self.rows.rows) if not isinstance(row, str)), -1)
        if first >= 0:
            self.list.setCurrentIndex(self.rows.index(first, 0))
        self._place()
        self.show()
        self.raise_()

    def current(self) -> Answer | None:
        """The chosen row, None if there is no answer."""
        index = self.list.currentIndex()
        row = self.rows.rows[index.row()] if index.isValid() else None
        return row if isinstance(row, Answer) else None

    def walk(self, step: int) -> None:
        """Go to the next or previous answer, over headings, staying at the ends."""
        at = self.list.currentIndex().row() + step
        while 0 <= at < len(self.rows.rows):
            if isinstance(self.rows.rows[at], Answer):
                index = self.rows.index(at, 0)
                self.list.setCurrentIndex(index)
                self.list.scrollTo(index)
                return
            at += step

    def choose(self) -> None:
        """Choose the current row: close, empty the field, and tell."""
        answer = self.current()
        if answer is not None:
            self.close_list()
            self.chosen.emit(answer)

    def close_list(self) -> None:
        """Close the list and empty the field (never during composition)."""
        self.hide()
        if not self._field.composing:
            self._field.clear()
            self._field.clearFocus()
            self.hide()

    # -- inside -----------------------------------------------------------------------------------------------------------

    def _on_click(self, index: QModelIndex) -> None:
        self.list.setCurrentIndex(index)
        self.choose()

    def _apply(self) -> None:
        look = self._appearance
        self._foot = look.px(28)
        self._layout.setContentsMargins(1, look.px(6), 1, self._foot)
        palette = self.list.palette()
        palette.setColor(palette.ColorRole.Base, look.color("bg-popup"))
        self.list.setPalette(palette)
        self.list.setAccessibleName(look.tr("shell.search.answers"))
        if self.isVisible():
            self.search(self._field.query())

    def _place(self) -> None:
        """Put the list under the field, as wide as the design says where the window allows."""
        look, window = self._appearance, self.parentWidget()
        if window is None:
            return
        width = min(look.px(652), window.width() - look.px(16))
        heights = sum(look.px(24 if isinstance(row, str) else 30) for row in self.rows.rows)
        corner = self._field.mapTo(window, self._field.rect().bottomLeft())
        top = corner.y() + look.px(4)
        height = min(heights + look.px(8) + self._foot, window.height() - top - look.px(8), look.px(520))
        left = min(max(look.px(8), corner.x() + (self._field.width() - width) // 2), window.width() - width - look.px(8))
        self.setGeometry(left, top, width, max(height, look.px(64)))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Arrows, Enter and Esc of the field act on the list; focus opens and closes it."""
        if watched is self._field:
            kind = event.type()
            if kind == QEvent.Type.FocusIn:
                self.search(self._field.query())
            elif kind == QEvent.Type.FocusOut:
                self.hide()
            elif kind == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
                return self._on_key(event)
        return super().eventFilter(watched, event)

    def _on_key(self, event: QKeyEvent) -> bool:
        key = event.key()
        if self._field.composing:
            return False
        if key in {Qt.Key.Key_Down, Qt.Key.Key_Up}:
            self.walk(1 if key == Qt.Key.Key_Down else -1)
            return True
        if key in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self.choose()
            return True
        if key == Qt.Key.Key_Escape:
            self.close_list()
            return True
        return False

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw ground, border, the sentence for no answer, and the key hints."""
        del event
        look = self._appearance
        painter = QPainter(self)
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(look.color("line-control"), 1))
            painter.setBrush(look.color("bg-popup"))
            painter.drawRoundedRect(self.rect().toRectF().adjusted(0.5, 0.5, -0.5, -0.5), look.px(8), look.px(8))
            font = look.font("caption")
            painter.setFont(font)
            painter.setPen(look.color("text-muted"))
            top = self.height() - self._foot
            painter.fillRect(1, top, self.width() - 2, 1, look.color("line-strong"))
            hint = "shell.palette.keys" if self.rows.rows else "shell.palette.none"
            text = QFontMetrics(font).elidedText(look.tr(hint), Qt.TextElideMode.ElideRight, self.width() - look.px(32))
            painter.drawText(look.px(16), look.baseline(top, self._foot, font), text)
        finally:
            painter.end()
