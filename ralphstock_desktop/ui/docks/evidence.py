"""Evidence panel (screen 0812): the head of a score and every item with value, threshold, margin and points (design.md §9)."""

from __future__ import annotations

from time import perf_counter

from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, QRect, QRectF, Qt, QTimer
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QVBoxLayout, QWidget

from engine.model.evidence import ItemState
from engine.model.scan import Grade
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.ui.chat.link import AskSubject
from ralphstock_desktop.ui.delegates.canvas import Canvas
from ralphstock_desktop.ui.dock_registry import DockContext
from ralphstock_desktop.ui.docks.evidence_head import HeadView
from ralphstock_desktop.ui.models.evidence_words import bullet_of
from ralphstock_desktop.ui.models.flash import FLASH_MS, MIN_GAP_MS
from ralphstock_desktop.ui.panel import PanelFrame
from ralphstock_desktop.ui.viewmodels.evidence import EvidenceViewModel, GroupLine, ItemLine, NoteLine, RecordLine

__all__ = ["EvidencePanel", "EvidenceView", "HeadView"]

_STATE_TOKEN = {
    ItemState.PASSED: "success",
    ItemState.PARTIAL: "warning",
    ItemState.FAILED: "danger",
    ItemState.UNKNOWN: "unknown",
}
_BAR_TOKEN = {ItemState.PASSED: "accent-fill", ItemState.PARTIAL: "warning", ItemState.FAILED: "danger"}
_FRAME_MS = 33
_NARROW_WINDOW = 1440
_WIDE_PANEL = 350
_NARROWEST = 212
_WIDE_NAME_LETTERS = 10
"""Below this the value column would run into the item's name even without rule and margin columns."""
_NAME_LETTERS = 12
"""Room of an item's name, in letters n, that is kept as long as a column can give way: about 14 letters of a name."""
_LINE = 16
"""Height of one more line of a sentence."""


class EvidenceView(QAbstractScrollArea):
    """The rows, painted; only visible ones are drawn. Arrows walk, Enter pins, C copies, Esc clears."""

    def __init__(self, view_model: EvidenceViewModel, appearance: Appearance, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._vm = view_model
        self._look = appearance
        self._canvas = Canvas(appearance)
        self._tops: list[int] = []
        self._hover = -1
        self._may_be_wide = True
        self.wide = True
        """Whether bullet bar and threshold have their columns; else both are in the focused row."""
        self.with_margin = True
        """Whether the margin has its column; else it is in the focused row."""
        self.setFrameShape(self.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.viewport().setMouseTracking(True)
        self._flashes: dict[str, tuple[int, float]] = {}
        """Direction of the rows that have just changed and when, in ms."""
        self._flash_timer = QTimer(self)
        self._flash_timer.setInterval(_FRAME_MS)
        self._flash_timer.timeout.connect(self._on_flash)
        self.reduced_motion = False
        self.record_lit = False
        """Whether a link led to the record of the grade; the next row in focus puts it out."""
        view_model.changed.connect(self._on_changed)
        view_model.values_changed.connect(self._on_values)
        view_model.focus_changed.connect(self._on_focus)
        appearance.changed.connect(self._on_appearance)
        self._on_appearance()

    # -- geometry -------------------------------------------------------------------------------------------------------

    def _on_appearance(self) -> None:
        self._canvas.reset()
        self._layout_lines()

    def set_wide(self, wide: bool) -> None:
        """Allow or drop the bullet and threshold columns."""
        if wide != self._may_be_wide:
            self._may_be_wide = wide
            self._layout_lines()

    def _choose_columns(self) -> None:
        """Drop threshold and bullet first, then the margin, before the items' names are cut."""
        labels = [line.words.label for line in self._vm.lines if isinstance(line, ItemLine)]
        longest = max((self._canvas.width(label, "body") for label in labels), default=0.0)
        for self.wide, self.with_margin in ((True, True), (False, True), (False, False)):
            if self.wide and not self._may_be_wide:
                continue
            # The bullet says more than the end of a long name, so the wide form may cut names a little earlier.
            letters = _WIDE_NAME_LETTERS if self.wide else _NAME_LETTERS
            if self._columns()["item"][1] >= min(longest, self._canvas.width("n" * letters, "body")):
                return

    def _height(self, line: object) -> int:
        px, row = self._look.px, self._look.space("row_evidence")
        if isinstance(line, ItemLine) and line.evidence.item == self._vm.focused_item:
            lines = len(self._wrap(line.words.words, self._detail_room())) + len(
                self._wrap(self._source_of(line), self._detail_room())
            )
            return px(59) + px(_LINE) * (lines - 2 + self._rule_lines(line))
        if isinstance(line, GroupLine):
            return px(20)
        if isinstance(line, NoteLine):
            return row + px(_LINE) * (len(self._wrap(line.text, self._note_room(line))) - 1)
        return row

    def _rule_lines(self, line: ItemLine) -> int:
        """Lines of the focused row for what has no column: rule and bullet, and the margin beside or below them."""
        if self.wide:
            return 0
        if self.with_margin:
            return 1
        tr, width = self._look.tr, self._canvas.width
        rule = round(width(f"{tr('evidence.col.threshold')} {line.words.threshold}", "caption"))
        margin = width(f"{tr('evidence.col.margin')} {line.words.margin}", "caption")
        return 1 if rule + self._look.px(58) + margin <= self._detail_room() else 2

    def _detail_room(self) -> int:
        return self.viewport().width() - self._look.px(26 + 8)

    def _note_room(self, line: NoteLine) -> int:
        return self.viewport().width() - self._look.px(20) - (self._look.px(76) if line.label else 0)

    def _wrap(self, text: str, room: int) -> list[str]:
        return self._canvas.wrapped(text, room)

    def _source_of(self, line: ItemLine) -> str:
        if not line.evidence.spans:
            return line.words.source
        lit = self._look.tr("evidence.pinned" if self._vm.pinned else "evidence.lit")
        return f"{line.words.source} · {lit}"

    def _layout_lines(self) -> None:
        self._choose_columns()
        top = self._look.px(20)
        self._tops = []
        for line in self._vm.lines:
            self._tops.append(top)
            top += self._height(line)
        self._tops.append(top)
        bar = self.verticalScrollBar()
        bar.setRange(0, max(0, top - self.viewport().height()))
        bar.setPageStep(self.viewport().height())
        bar.setSingleStep(self._look.space("row_evidence"))
        self.viewport().update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._layout_lines()

    def line_at(self, y: int) -> int:
        """Index of the line under a viewport position, -1 if none."""
        place = y + self.verticalScrollBar().value()
        if y < self._look.px(20):
            return -1
        return next((n for n in range(len(self._tops) - 1) if self._tops[n] <= place < self._tops[n + 1]), -1)

    def ask_subject(self, place: QPoint | None) -> AskSubject | None:
        """What the row at a viewport position (None: the row in focus) is about; above and between rows the symbol itself."""
        vm = self._vm
        position = self.line_at(place.y()) if place is not None else -1
        lines = [line for line in vm.lines if isinstance(line, ItemLine)]
        at = vm.lines[position] if position >= 0 else next((x for x in lines if x.evidence.item == vm.focused_item), None)
        label = at.words.label if isinstance(at, ItemLine) else ""
        if not vm.ticker:
            return AskSubject("gate", label=label) if lines else None
        name = vm.head.name if vm.head is not None else vm.ticker
        return AskSubject("item" if label else "symbol", vm.ticker, name, label=label)

    def rect_of(self, item: str) -> QRect:
        """Viewport rectangle of an item's row."""
        for position, line in enumerate(self._vm.lines):
            if isinstance(line, ItemLine) and line.evidence.item == item:
                top = self._tops[position] - self.verticalScrollBar().value()
                return QRect(0, top, self.viewport().width(), self._tops[position + 1] - self._tops[position])
        return QRect()

    # -- changes --------------------------------------------------------------------------------------------------------

    def _on_changed(self) -> None:
        self._layout_lines()
        self._tell_screen_reader()

    def _on_values(self, moved: dict[str, int]) -> None:
        """Let changed rows flash once: tint to transparent in the time of a table cell."""
        now = perf_counter() * 1e3
        if self.reduced_motion:
            return
        for item, sign in moved.items():
            started = self._flashes.get(item, (0, -MIN_GAP_MS))[1]
            if sign and now - started >= MIN_GAP_MS:
                self._flashes[item] = (sign, now)
        if self._flashes and self.isVisible():
            self._flash_timer.start()

    def _on_flash(self) -> None:
        now = perf_counter() * 1e3
        self._flashes = {item: flash for item, flash in self._flashes.items() if now - flash[1] < FLASH_MS}
        if not self._flashes:
            self._flash_timer.stop()
        self.viewport().update()

    def light_record(self) -> bool:
        """Bring the record of this grade into sight and light it up; False if there is no such row."""
        if not any(isinstance(line, RecordLine) for line in self._vm.lines):
            return False
        self._vm.clear_focus()
        self.record_lit = True
        bar = self.verticalScrollBar()
        bar.setValue(bar.maximum())
        self.viewport().update()
        return True

    def _on_focus(self) -> None:
        self.record_lit = False
        self._layout_lines()
        rect = self.rect_of(self._vm.focused_item)
        bar, header = self.verticalScrollBar(), self._look.px(20)
        if not rect.isNull():
            if rect.top() < header:
                bar.setValue(bar.value() + rect.top() - header)
            elif rect.bottom() > self.viewport().height():
                bar.setValue(bar.value() + rect.bottom() - self.viewport().height() + 1)
        self._tell_screen_reader()

    def _tell_screen_reader(self) -> None:
        for line in self._vm.lines:
            if isinstance(line, ItemLine) and line.evidence.item == self._vm.focused_item:
                words = line.words
                state = self._look.tr(f"evidence.state.{line.evidence.state.name.lower()}")
                row = self._look.tr(
                    "evidence.access.row", item=words.label, value=words.value, state=state, points=words.points
                )
                self.setAccessibleDescription(f"{row}. {words.words}. {words.source}")
                QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.DescriptionChanged))
                return
        self.setAccessibleDescription("")

    def scrollContentsBy(self, _dx: int, _dy: int) -> None:
        self.viewport().update()

    # -- input ----------------------------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: 8, Qt.Key.Key_PageUp: -8}
        ends = {Qt.Key.Key_Home: -1_000, Qt.Key.Key_End: 1_000}
        if key in steps:
            self._vm.step(steps[Qt.Key(key)])
        elif key in ends:
            self._vm.step(ends[Qt.Key(key)])
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._vm.toggle_pin()
        elif key == Qt.Key.Key_C or event.matches(QKeySequence.StandardKey.Copy):
            text = self._vm.copied_sentence()
            if text:
                QGuiApplication.clipboard().setText(text)
        elif key == Qt.Key.Key_Escape and self._vm.focused_item:
            self._vm.clear_focus()
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        position = self.line_at(round(event.position().y()))
        line = self._vm.lines[position] if position >= 0 else None
        if event.button() == Qt.MouseButton.LeftButton and isinstance(line, ItemLine):
            self._vm.focus(line.evidence.item)
        super().mousePressEvent(event)

    def viewportEvent(self, event: QEvent) -> bool:
        if isinstance(event, QMouseEvent) and event.type() == QEvent.Type.MouseMove:
            self._set_hover(self.line_at(round(event.position().y())))
        elif event.type() == QEvent.Type.Leave:
            self._set_hover(-1)
        return super().viewportEvent(event)

    def _set_hover(self, position: int) -> None:
        if position != self._hover:
            self._hover = position
            self.viewport().update()

    # -- painting -------------------------------------------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        try:
            self._canvas.begin(painter, self.devicePixelRatioF())
            self._paint()
        finally:
            painter.end()

    def _columns(self) -> dict[str, tuple[int, int]]:
        """x and width of the columns from the right edge inwards; the item takes the rest."""
        px = self._look.px
        right = self.viewport().width() - px(8)
        placed: dict[str, tuple[int, int]] = {}
        widths = [("points", 38)]
        if self.with_margin:
            widths.append(("margin", 52))
        if self.wide:
            widths += [("threshold", 54), ("bullet", 48)]
        widths.append(("value", 60))
        for name, width in widths:
            right -= px(width)
            placed[name] = (right, px(width))
        left = px(26)
        placed["item"] = (left, max(px(40), right - left - px(2)))
        return placed

    def _paint(self) -> None:
        canvas, px = self._canvas, self._look.px
        width, height = self.viewport().width(), self.viewport().height()
        canvas.fill(0, 0, width, height, "bg-panel")
        columns = self._columns()
        offset = self.verticalScrollBar().value()
        for position, line in enumerate(self._vm.lines):
            top = self._tops[position] - offset
            tall = self._tops[position + 1] - self._tops[position]
            if top + tall <= 0 or top >= height:
                continue
            if isinstance(line, GroupLine):
                self._paint_group(line, top, tall)
            elif isinstance(line, ItemLine):
                self._paint_item(line, position, top, tall, columns)
            elif isinstance(line, NoteLine):
                self._paint_note(line, top)
            else:
                self._paint_record(line, top, tall, columns)
        self._paint_head(columns, px(20))

    def _paint_head(self, columns: dict[str, tuple[int, int]], tall: int) -> None:
        canvas, tr = self._canvas, self._look.tr
        canvas.fill(0, 0, self.viewport().width(), tall, "bg-panel")
        for name in ("item", "value", "threshold", "margin", "points"):
            if name in columns:
                x, width = columns[name]
                align = "left" if name in ("item", "threshold") else "right"
                canvas.text(x, 0, width, tall, tr(f"evidence.col.{name}"), "text-muted", align=align, size="micro")  # type: ignore[arg-type]
        canvas.fill(0, tall - 1, self.viewport().width(), 1, "line-hair")

    def _paint_group(self, line: GroupLine, top: int, tall: int) -> None:
        canvas, px, width = self._canvas, self._look.px, self.viewport().width()
        canvas.fill(0, top, width, tall - 1, "bg-header")
        points_width = canvas.width(line.points, "caption", True)
        canvas.text(width - px(10) - points_width, top, points_width, tall, line.points, "text", size="caption", bold=True)
        used = canvas.text(px(8), top, width, tall, line.title, "text", size="caption", bold=True)
        left = px(8) + round(used) + px(6)
        room = width - px(10) - points_width - px(6) - left
        if room > px(30):
            canvas.text(left, top, room, tall, line.known, "text-muted", size="micro", elide=True)

    def _paint_item(self, line: ItemLine, position: int, top: int, tall: int, columns: dict[str, tuple[int, int]]) -> None:
        canvas, px, width = self._canvas, self._look.px, self.viewport().width()
        evidence, words = line.evidence, line.words
        focused = evidence.item == self._vm.focused_item
        row = self._look.space("row_evidence")
        if focused:
            canvas.fill(0, top, width, tall, "selection")
            canvas.fill(0, top, px(2), tall, "evidence")
        elif position == self._hover:
            canvas.fill(0, top, width, tall, "bg-hover")
        canvas.fill(0, top + tall - 1, width, 1, "chart-grid" if self._look.theme == "dark" else "line-hair")
        state = evidence.state
        self._paint_shape(state, px(9), top + (row - px(13)) // 2, px(13))
        text = "selection-text" if focused else "text"
        self._paint_flash(evidence.item, columns["value"], top, row)
        x, room = columns["item"]
        unknown = state is ItemState.UNKNOWN
        value_x, value_room = columns["value"]
        canvas.text(x, top, room, row, words.label, "text-secondary" if not focused else text, elide=True)
        missing = unknown or evidence.value is None
        value_token = "unknown" if missing else "warning" if self._vm.is_forming(evidence) else text
        canvas.text(value_x, top, value_room, row, words.value, value_token, align="right", bold=not missing)
        if self.wide:
            self._paint_bullet(line, columns["bullet"], top, row)
            x, room = columns["threshold"]
            canvas.text(x, top, room, row, words.threshold, "text-muted", size="caption", elide=True)
        if self.with_margin:
            x, room = columns["margin"]
            canvas.text(x, top, room, row, words.margin, self._margin_token(state), align="right", size="caption")
        x, room = columns["points"]
        canvas.text(x, top, room, row, words.points, "text-secondary", align="right", size="caption")
        if focused:
            self._paint_detail(line, top + row - px(2))

    def _paint_flash(self, item: str, column: tuple[int, int], top: int, row: int) -> None:
        flash = self._flashes.get(item)
        left = 1.0 - (perf_counter() * 1e3 - flash[1]) / FLASH_MS if flash is not None else 0.0
        if flash is not None and left > 0.0:
            tint = self._look.color("gain-tint" if flash[0] > 0 else "loss-tint", round(left, 1))
            self._canvas.fill_color(column[0], top, column[1], row - 1, tint)

    def _margin_token(self, state: ItemState) -> str:
        return "text-muted" if state is ItemState.PASSED else _STATE_TOKEN[state]

    def _paint_detail(self, line: ItemLine, top: int) -> None:
        canvas, px, tr = self._canvas, self._look.px, self._look.tr
        left, room, step = px(26), self._detail_room(), px(_LINE)
        evidence = line.evidence
        if not self.wide:
            rule = f"{tr('evidence.col.threshold')} {line.words.threshold}"
            used = round(canvas.text(left, top, room, step, rule, "text-secondary", size="caption"))
            self._paint_bullet(line, (left + used + px(4), px(44)), top, step)
            if not self.with_margin:
                margin = f"{tr('evidence.col.margin')} {line.words.margin}"
                x = left + used + px(58)
                if self._rule_lines(line) > 1:
                    x, top = left, top + step
                canvas.text(x, top, left + room - x, step, margin, self._margin_token(evidence.state), size="caption")
            top += step
        for text in self._wrap(line.words.words, room):
            canvas.text(left, top, room, step, text, "text-secondary", size="caption", elide=True)
            top += step
        token = "text-muted" if all(ref.final for ref in evidence.sources) else "warning"
        for text in self._wrap(self._source_of(line), room):
            canvas.text(left, top, room, step, text, token, size="caption", elide=True)
            top += step

    def _paint_bullet(self, line: ItemLine, column: tuple[int, int], top: int, row: int) -> None:
        canvas, px = self._canvas, self._look.px
        x, wide, tall = column[0] + px(6), px(38), px(6)
        y = top + (row - tall) // 2
        bullet = bullet_of(line.evidence)
        if bullet is None:
            self._dashed_bar(x, y, wide, tall)
            return
        canvas.fill(x, y, wide, tall, "bg-raised")
        canvas.fill(x, y, max(1, round(wide * bullet.fill)), tall, _BAR_TOKEN.get(line.evidence.state, "unknown"))
        for tick in bullet.ticks:
            at = min(x + wide - px(2), x + round(wide * tick) - px(1))
            canvas.fill(max(x, at), y - px(3), px(2), px(12), "text")

    def _dashed_bar(self, x: int, y: int, wide: int, tall: int) -> None:
        painter = self._canvas.painter
        painter.save()
        pen = QPen(self._look.color("unknown"))
        pen.setDashPattern([2, 2])
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(x, y, wide - 1, tall - 1)
        painter.restore()

    def _paint_shape(self, state: ItemState, x: int, y: int, side: int) -> None:
        """✓, half disc, ✕ or a dashed circle with a question mark: four shapes, so colour is never alone."""
        painter, look = self._canvas.painter, self._look
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        scale = look.zoom_pct / 100
        pen = QPen(look.color(_STATE_TOKEN[state]), 1.4 * scale)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        box = QRectF(x + 0.5, y + 0.5, side - 1, side - 1)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if state is ItemState.PASSED:
            painter.setPen(pen)
            points = [(0.12, 0.55), (0.4, 0.82), (0.9, 0.2)]
            painter.drawPolyline([QPointF(x + a * side, y + b * side) for a, b in points])
        elif state is ItemState.FAILED:
            painter.setPen(pen)
            painter.drawLine(QPointF(x + 0.18 * side, y + 0.18 * side), QPointF(x + 0.82 * side, y + 0.82 * side))
            painter.drawLine(QPointF(x + 0.82 * side, y + 0.18 * side), QPointF(x + 0.18 * side, y + 0.82 * side))
        elif state is ItemState.PARTIAL:
            painter.setPen(pen)
            painter.drawEllipse(box.adjusted(0.5, 0.5, -0.5, -0.5))
            painter.setBrush(look.color("warning"))
            painter.drawPie(box.adjusted(0.5, 0.5, -0.5, -0.5), 90 * 16, 180 * 16)
        else:
            pen.setDashPattern([1.6, 1.8])
            pen.setWidthF(1.1 * scale)
            painter.setPen(pen)
            painter.drawEllipse(box)
        painter.restore()
        if state is ItemState.UNKNOWN:
            self._canvas.text(x, y, side, side, "?", "unknown", align="center", size="micro", bold=True)

    def _paint_note(self, line: NoteLine, top: int) -> None:
        canvas, px = self._canvas, self._look.px
        left, row, room = px(10), self._look.space("row_evidence"), self._note_room(line)
        if line.label:
            canvas.text(left, top, px(72), row, line.label, "text-muted", size="caption", elide=True)
            left += px(76)
        for text in self._wrap(line.text, room):
            canvas.text(left, top, room, row, text, line.token, size="caption", elide=True)
            top += px(_LINE)

    def _paint_record(self, line: RecordLine, top: int, tall: int, columns: dict[str, tuple[int, int]]) -> None:
        canvas, px, width = self._canvas, self._look.px, self.viewport().width()
        if self.record_lit:
            canvas.fill(0, top, width, tall, "selection")
            canvas.fill(0, top, px(2), tall, "evidence")
        self._paint_shape(ItemState.UNKNOWN, px(9), top + (tall - px(13)) // 2, px(13))
        x, room = columns["item"]
        canvas.text(x, top, room, tall, line.label, "text-secondary", elide=True)
        x, room = columns["value"]
        canvas.text(x, top, room, tall, line.value, "unknown", align="right", bold=True)
        remark_left = x + room + px(6)
        if self.wide:
            bullet_x = columns["bullet"][0]
            self._dashed_bar(bullet_x + px(6), top + (tall - px(6)) // 2, px(38), px(6))
            remark_left = columns["threshold"][0]
        room = width - px(10) - remark_left
        canvas.text(remark_left, top, room, tall, line.remark, "text-muted", align="right", size="caption", elide=True)


class EvidencePanel(PanelFrame):
    """Follows the selected symbol and lights up its evidence on the chart."""

    def __init__(self, context: DockContext) -> None:
        super().__init__(
            context.appearance,
            panel_id="evidence",
            title_key="shell.dock.evidence",
            screen="0812",
            skeleton="list",
            role="follower",
        )
        self.view_model = EvidenceViewModel(context.workstation, context.appearance)
        self._workstation = context.workstation
        self.head = HeadView(self.view_model, context.appearance)
        self.view = EvidenceView(self.view_model, context.appearance)
        self._watched_window: QWidget | None = None
        content = QWidget()
        box = QVBoxLayout(content)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self.head)
        box.addWidget(self.view, 1)
        content.setFocusProxy(self.view)
        self.set_content(content)
        self.view_model.state_changed.connect(self._on_state)
        self._provisional_action = self.add_menu_action("live.menu.provisional", self._on_provisional, checkable=True)
        self._provisional_action.setChecked(True)
        self._provisional_action.setVisible(self.view_model.has_live)
        context.appearance.changed.connect(self._label)
        self._label()

    def _label(self) -> None:
        self.view.setAccessibleName(self.appearance.tr("evidence.access.panel"))
        self._watch_width()
        self.setMinimumWidth(self.appearance.px(_NARROWEST))

    def _on_state(self) -> None:
        state = self.view_model.panel_state
        if state is not None:
            self.set_state(state)
        self.set_live_badge(self.view_model.badge())
        head = self.view_model.head
        self.set_subtitle(head.name if head is not None else "")

    def _on_provisional(self) -> None:
        self.view_model.choose_provisional(self._provisional_action.isChecked())
        self.panel_state_changed.emit()

    def panel_state(self) -> dict[str, object]:
        """Whether the forming bar is explained."""
        return {**super().panel_state(), "provisional": self.view_model.wants_provisional}

    def restore_panel_state(self, state: dict[str, object]) -> None:
        """Take back what :meth:`panel_state` gave; a damaged entry keeps the present value."""
        super().restore_panel_state(state)
        provisional = state.get("provisional")
        if isinstance(provisional, bool):
            self._provisional_action.setChecked(provisional)
            self.view_model.choose_provisional(provisional)

    def land_on_record(self, _strategy: str, item: str) -> bool:
        """Light the record of the grade shown here; False if another grade's record is meant."""
        found = self.view_model.explanation
        if found is None or Grade(int(found.scan.grade[found.row])).name != item:
            return False
        return self.view.light_record()

    def land_on_item(self, ticker: str, item: str) -> bool:
        """Go to a symbol's row and keep it lit; False if there is no such row yet."""
        return self.view_model.land_on(ticker, item)

    def came_into_sight(self) -> None:
        super().came_into_sight()
        self.view_model.activate()
        window = self.window()
        if window is not self._watched_window:
            if self._watched_window is not None:
                self._watched_window.removeEventFilter(self)
            window.installEventFilter(self)
            self._watched_window = window
        self._watch_width()

    def went_out_of_sight(self) -> None:
        super().went_out_of_sight()
        self.view_model.deactivate()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._watch_width()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._watched_window and event.type() == QEvent.Type.Resize:
            self._watch_width()
        return super().eventFilter(watched, event)

    def _watch_width(self) -> None:
        """Below 1,440 px, or in a narrow panel, bullet and threshold move into the focused row."""
        look = self.appearance
        roomy_window = self.window().width() >= look.px(_NARROW_WINDOW)
        self.view.set_wide(roomy_window and self.width() >= look.px(_WIDE_PANEL))
