"""The list of the news panel: clusters and items, painted; only rows in sight are drawn.

↑↓ walk (the chart goes along), → and ← open and close the versions of a cluster, Enter opens the article in the browser.
"""

from __future__ import annotations

from bisect import bisect_right

from PySide6.QtCore import QEvent, QPoint, QRect, Qt
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QGuiApplication,
    QHelpEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QToolTip, QWidget

from ralphstock_desktop.ui.appearance import Appearance, FontSize
from ralphstock_desktop.ui.chat.link import AskSubject
from ralphstock_desktop.ui.delegates.canvas import Canvas
from ralphstock_desktop.ui.docks.closing_paint import paint_title, title_lines
from ralphstock_desktop.ui.docks.news_links import article_url, open_article
from ralphstock_desktop.ui.viewmodels.news_rows import NewsRow, NewsViewModel

__all__ = ["NewsListView"]

_LINE, _TITLE = 16, 18


class NewsListView(QAbstractScrollArea):
    """See the module text."""

    def __init__(self, view_model: NewsViewModel, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._vm, self._look = view_model, appearance
        self._canvas = Canvas(appearance)
        self._tops: list[int] = [0]
        self._width = -1
        self._links: dict[str, QRect] = {}
        self._switches: dict[str, QRect] = {}
        self._left_out: dict[str, list[str]] = {}
        self._hover = ""
        self._rows: tuple[NewsRow, ...] = ()
        self.setFrameShape(self.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.viewport().setMouseTracking(True)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        view_model.changed.connect(self._on_changed)
        appearance.changed.connect(self._on_appearance)

    # -- layout ---------------------------------------------------------------------------------------------------------

    def _on_appearance(self) -> None:
        self._canvas.reset()
        self._width = -1
        self.lay_out()

    def _on_changed(self) -> None:
        if self._vm.rows != self._rows:
            self._rows = self._vm.rows
            self._width = -1
            self.lay_out()
        self._keep_chosen_in_sight()
        self.viewport().update()
        self._tell_screen_reader()

    def lay_out(self) -> None:
        """Find the height of every row."""
        width = self.viewport().width()
        if width != self._width:
            self._width = width
            self._tops = [0]
            for row in self._vm.rows:
                self._tops.append(self._tops[-1] + self._height(row))
        bar = self.verticalScrollBar()
        bar.setRange(0, max(0, self._tops[-1] - self.viewport().height()))
        bar.setPageStep(self.viewport().height())
        bar.setSingleStep(self._look.px(24))
        self.viewport().update()

    def _height(self, row: NewsRow) -> int:
        px = self._look.px
        if row.kind == "group":
            return px(24)
        lines = 1
        if self._most_lines(row) > 1:
            lines = len(title_lines(self._canvas, row.title, self._title_room(row)))
        return px(_TITLE) * lines + px(_LINE) + px(11)

    def _most_lines(self, row: NewsRow) -> int:
        """One line for a version and in the long list of the market, two for what counts."""
        return 1 if row.kind == "version" or self._vm.mode == "market" else 2

    def _left(self, row: NewsRow) -> int:
        return self._look.px(30 if row.kind == "version" else 14)

    def _title_room(self, row: NewsRow) -> int:
        return self._width - self._left(row) - self._look.px(12 + (56 if row.effect else 0))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Break the titles anew."""
        super().resizeEvent(event)
        self.lay_out()

    def scrollContentsBy(self, _dx: int, _dy: int) -> None:
        """Everything is painted from the scroll position."""
        self.viewport().update()

    def _number_at(self, y: int) -> int:
        number = bisect_right(self._tops, y + self.verticalScrollBar().value()) - 1
        return number if 0 <= number < len(self._vm.rows) else -1

    def row_at(self, place: QPoint) -> NewsRow | None:
        """Row under a viewport position."""
        number = self._number_at(place.y())
        return self._vm.rows[number] if number >= 0 else None

    def ask_subject(self, place: QPoint | None) -> AskSubject | None:
        """What the article at a viewport position (None: the chosen one) is about."""
        row = self.row_at(place) if place is not None else self._vm.row(self._vm.chosen)
        if row is None or row.kind == "group":
            return None
        return AskSubject("article", row.ticker, self._vm.name(row.ticker) if row.ticker else "", label=row.title)

    def rect_of(self, identity: str) -> QRect:
        """Viewport rectangle of a row."""
        for number, row in enumerate(self._vm.rows):
            if row.id == identity:
                top = self._tops[number] - self.verticalScrollBar().value()
                return QRect(0, top, self._width, self._tops[number + 1] - self._tops[number])
        return QRect()

    def link_rect(self, identity: str) -> QRect:
        """Where the word that opens an article stands; null where there is none in sight."""
        return self._links.get(identity, QRect())

    def switch_rect(self, identity: str) -> QRect:
        """Where the versions of a cluster are opened; null where there is nothing to open."""
        return self._switches.get(identity, QRect())

    def _keep_chosen_in_sight(self) -> None:
        rect, bar = self.rect_of(self._vm.chosen), self.verticalScrollBar()
        if rect.isNull():
            return
        if rect.top() < 0:
            bar.setValue(bar.value() + rect.top())
        elif rect.bottom() > self.viewport().height():
            bar.setValue(bar.value() + rect.bottom() - self.viewport().height() + 1)

    def _tell_screen_reader(self) -> None:
        row, tr = self._vm.row(self._vm.chosen), self._look.tr
        text = ""
        if row is not None:
            effect = tr("news_panel.effect.access", effect=row.effect) if row.effect else ""
            text = tr("news_panel.row.access", title=row.title, line=row.line, effect=effect).strip(" .")
        elif self._vm.message is not None:
            text = " ".join(self._vm.message)
        if text != self.accessibleDescription():
            self.setAccessibleDescription(text)
            QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.DescriptionChanged))

    # -- input ----------------------------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Walk, open and close, read, copy."""
        vm, key = self._vm, event.key()
        steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: 8, Qt.Key.Key_PageUp: -8,
                 Qt.Key.Key_Home: -100_000, Qt.Key.Key_End: 100_000}  # fmt: skip
        row = vm.row(vm.chosen)
        if key in steps:
            vm.step(steps[Qt.Key(key)])
        elif row is not None and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            open_article(row.url)
        elif row is not None and row.versions > 1 and key in (Qt.Key.Key_Right, Qt.Key.Key_Left):
            if (key == Qt.Key.Key_Right) != (row.id in vm.opened):
                vm.toggle(row.id)
        elif row is not None and (key == Qt.Key.Key_C or event.matches(QKeySequence.StandardKey.Copy)):
            QGuiApplication.clipboard().setText("\n".join(part for part in (row.title, row.line, row.url) if part))
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose a row; its link opens the article, its number of versions lists them."""
        place = event.position().toPoint()
        row = self.row_at(place)
        if event.button() == Qt.MouseButton.LeftButton and row is not None:
            if self._links.get(row.id, QRect()).contains(place):
                open_article(row.url)
            elif self._switches.get(row.id, QRect()).contains(place):
                self._vm.toggle(row.id)
            else:
                self._vm.choose(row.id)
        super().mousePressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Open the article."""
        row = self.row_at(event.position().toPoint())
        if row is not None and event.button() == Qt.MouseButton.LeftButton:
            open_article(row.url)

    def viewportEvent(self, event: QEvent) -> bool:
        """Hover, hand cursor, tooltips."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), self.tip_at(event.pos()), self.viewport())
            return True
        if isinstance(event, QMouseEvent) and event.type() == QEvent.Type.MouseMove:
            place = event.position().toPoint()
            row = self.row_at(place)
            identity = row.id if row is not None else ""
            active = any(places.get(identity, QRect()).contains(place) for places in (self._links, self._switches))
            self.viewport().setCursor(Qt.CursorShape.PointingHandCursor if active else Qt.CursorShape.ArrowCursor)
            self._set_hover(identity)
        elif event.type() == QEvent.Type.Leave:
            self._set_hover("")
        return super().viewportEvent(event)

    def _set_hover(self, identity: str) -> None:
        if identity != self._hover:
            self._hover = identity
            self.viewport().update()

    def tip_at(self, place: QPoint) -> str:
        """Address of an article before it is opened, or what had no room."""
        row = self.row_at(place)
        if row is None:
            return ""
        if self._links.get(row.id, QRect()).contains(place):
            url = article_url(row.url)
            return url.toDisplayString() if url is not None else ""
        return "\n".join(self._left_out.get(row.id, []))

    # -- painting -------------------------------------------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the rows in sight, or why there are none."""
        painter = QPainter(self.viewport())
        try:
            canvas = self._canvas
            canvas.begin(painter, self.devicePixelRatioF())
            width, height = self.viewport().width(), self.viewport().height()
            canvas.fill(0, 0, width, height, "bg-panel")
            for places in (self._links, self._switches, self._left_out):
                places.clear()
            offset = self.verticalScrollBar().value()
            number = max(0, self._number_at(0))
            while number < len(self._vm.rows) and self._tops[number] - offset < height:
                top = self._tops[number] - offset
                self._paint_row(self._vm.rows[number], top, self._tops[number + 1] - self._tops[number])
                number += 1
            if not self._vm.rows and self._vm.message is not None:
                self._paint_message(self._vm.message)
        finally:
            painter.end()

    def _paint_message(self, message: tuple[str, str]) -> None:
        canvas, px, width = self._canvas, self._look.px, self.viewport().width()
        room = width - px(24)
        top = min(px(60), self.viewport().height() // 3)
        looks: tuple[tuple[str, FontSize, bool, str], ...] = (
            (message[0], "title", True, "text"),
            (message[1], "caption", False, "text-muted"),
        )
        for text, size, bold, token in looks:
            for line in canvas.wrapped(text, room, size, bold):
                canvas.text(px(12), top, room, px(20), line, token, align="center", size=size, bold=bold)
                top += px(20)

    def _paint_row(self, row: NewsRow, top: int, tall: int) -> None:
        canvas, px, width = self._canvas, self._look.px, self._width
        if row.kind == "group":
            canvas.fill(0, top, width, tall - 1, "bg-header")
            canvas.text(
                px(10), top, width - px(20), tall - 1, row.title, "text-secondary", size="caption", bold=True, elide=True
            )
            return
        chosen = row.id == self._vm.chosen
        if chosen:
            canvas.fill(0, top, width, tall, "selection")
        elif row.id == self._hover:
            canvas.fill(0, top, width, tall, "bg-hover")
        canvas.fill(0, top + tall - 1, width, 1, "line-hair")
        if row.kind == "cluster" or chosen:
            edge = "accent" if chosen else "danger" if row.severe else "category-3" if row.counts else "line-strong"
            canvas.fill(0, top, px(2), tall - 1, edge)
        left, room = self._left(row), self._title_room(row)
        quiet = row.kind == "version" or (row.kind == "cluster" and not row.counts)
        token = "selection-text" if chosen else "text-muted" if quiet else "text"
        most = self._most_lines(row)
        lines = paint_title(canvas, left, top + px(4), room, px(_TITLE), row.title, row.hits, token, most=most)
        if canvas.width(row.title) > room * most:
            self._left_out.setdefault(row.id, []).append(row.title)
        right = width - px(10)
        if row.effect:
            ink = "text" if row.counts else "text-muted"
            canvas.text(
                left, top + px(4), right - left, px(_TITLE), row.effect, ink, align="right", size="title", bold=row.counts
            )
        self._paint_line(row, left, top + px(5) + lines * px(_TITLE), right)

    def _paint_line(self, row: NewsRow, left: int, top: int, right: int) -> None:
        """Second line: marks, source with time and weight, versions, and the link."""
        canvas, px, tr = self._canvas, self._look.px, self._look.tr
        if article_url(row.url) is not None:
            word = tr("news_panel.open")
            wide = round(canvas.width(word, "caption"))
            canvas.text(right - wide, top, wide, px(_LINE), word, "link", size="caption")
            self._links[row.id] = QRect(right - wide - px(3), top - px(1), wide + px(6), px(_LINE + 2))
            right -= wide + px(10)
        if row.versions > 1:
            opened = row.id in self._vm.opened
            word = f"{'▾' if opened else '▸'} {tr('news_panel.versions', count=row.versions)}"
            wide = round(canvas.width(word, "caption"))
            canvas.text(right - wide, top, wide, px(_LINE), word, "text-secondary", size="caption")
            self._switches[row.id] = QRect(right - wide - px(3), top - px(1), wide + px(6), px(_LINE + 2))
            right -= wide + px(10)
        if row.severe:
            word = tr("news_panel.severe")
            canvas.painter.drawPixmap(left, top + px(2), self._look.pixmap("warning", "danger", 12, canvas.ratio))
            used = canvas.text(left + px(15), top, px(100), px(_LINE), word, "danger", size="caption", bold=True)
            left += px(15) + round(used) + px(8)
        if row.stocks:
            room = max(px(20), (right - left) // 2)
            used = canvas.text(left, top, room, px(_LINE), row.stocks, "text-secondary", size="caption", bold=True, elide=True)
            left += round(used) + px(8)
        if canvas.width(row.line, "caption") > right - left:
            self._left_out.setdefault(row.id, []).append(row.line)
        canvas.text(left, top, right - left, px(_LINE), row.line, "text-muted", size="caption", elide=True)
