"""Notices as rows and words, and the view-model of the alert list (screen 0960). No widgets.

Every place that tells a notice (list, toast, desktop notification) takes its words from here, so they say the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QObject, Signal

from engine.model.hangul import matches_name
from engine.model.instants import AsOf, day_of
from ralphstock_desktop.services.channels import Subscription
from ralphstock_desktop.services.contracts import Empty, MarketPicture, PanelState, Ready, SymbolContext, Workstation
from ralphstock_desktop.services.strategy_contracts import STRATEGIES, Strategies
from ralphstock_desktop.strategy_ports import NoticeRecord
from ralphstock_desktop.ui.appearance import Appearance
from ralphstock_desktop.wording import format as fmt

__all__ = [
    "ALERTS_ORIGIN",
    "ALL",
    "KINDS",
    "MUTE_MINUTES",
    "AlertRow",
    "AlertsViewModel",
    "ChipLook",
    "chip_look",
    "kind_word",
    "notice_body",
    "notice_name",
    "notice_sentence",
]

ALERTS_ORIGIN = "alerts"
"""Origin of selections."""
ALL = "all"
KINDS: tuple[str, ...] = ("signal", "grade", "near", "life", "gate", "price", "feed")
MUTE_MINUTES = 10
_GATE_TOKENS = {"GREEN": "gate-green", "YELLOW": "gate-yellow", "RED": "gate-red", "UNKNOWN": "gate-unknown"}
_EMPTY_NUMBERS = frozenset({"", "–"})


@dataclass(frozen=True, slots=True)
class ChipLook:
    """Tokens of a kind chip; ``fill`` empty: outlined in ``edge``."""

    ink: str
    edge: str = ""
    fill: str = ""


_NO_CHIP = ChipLook("unknown")


# -- words --------------------------------------------------------------------------------------------------------------


def kind_word(look: Appearance, record: NoticeRecord) -> str:
    """``근접``, ``등급`` …: the kind of a notice."""
    key = f"notice.kind.{record.kind}"
    return look.tr(key) if look.has_text(key) else record.kind


def chip_look(record: NoticeRecord) -> ChipLook:
    """Colours of the kind chip. Never a direction colour: a kind is a category."""
    if record.kind == "gate":
        token = _GATE_TOKENS.get(str(record.fields.get("after", "")), "gate-unknown")
        return ChipLook(token, token)
    return {
        "signal": ChipLook("gold-on", fill="gold-fill"),
        "grade": ChipLook("accent", "accent"),
        "near": ChipLook("warning", "warning"),
        "life": ChipLook("category-7", "category-7"),
    }.get(record.kind, ChipLook("unknown", "unknown"))


def _fields(look: Appearance, record: NoticeRecord) -> dict[str, str | int | float]:
    """Fields in the chosen language: official English names, gate states as words, a true minus, dashes for missing."""
    found = dict(record.fields)
    if look.language == "en":
        for name in ("name", "names"):
            if found.get(f"{name}_en"):
                found[name] = found[f"{name}_en"]
    for name, value in found.items():
        if isinstance(value, str) and value in _EMPTY_NUMBERS:
            found[name] = fmt.MISSING
        elif isinstance(value, str) and value[:1] == "-" and value[1:2].isdigit():
            found[name] = f"\u2212{value[1:]}"
    if record.kind == "gate":
        for name in ("before", "after"):
            key = f"gate.status.{str(found.get(name, '')).lower()}"
            if look.has_text(key):
                found[name] = look.tr(key)
    return found


def notice_name(look: Appearance, record: NoticeRecord) -> str:
    """Who the notice is about: the stock, else the gate, the feed or the strategy."""
    fields = _fields(look, record)
    if record.ticker:
        return str(fields.get("name") or record.ticker)
    key = f"alerts.about.{record.kind}"
    if look.has_text(key):
        return look.tr(key)
    return look.tr(f"alerts.strategy.{record.strategy}") if record.strategy in STRATEGIES else kind_word(look, record)


def notice_sentence(look: Appearance, record: NoticeRecord) -> str:
    """The whole sentence. A notice whose text is not known (of a newer program) is told by its name and kind."""
    if look.has_text(record.key):
        try:
            return look.tr(record.key, **_fields(look, record))
        except KeyError:
            pass  # a field is missing: the plain sentence below
    return look.tr("alerts.plain", name=notice_name(look, record), kind=kind_word(look, record))


def notice_body(look: Appearance, record: NoticeRecord) -> str:
    """The sentence without the name that stands beside it."""
    sentence, name = notice_sentence(look, record), notice_name(look, record)
    for lead in (f"{name}: ", f"{name} · ", f"{name} "):
        if name and sentence.startswith(lead) and len(sentence) > len(lead):
            return sentence[len(lead) :]
    return sentence


# -- rows ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AlertRow:
    """One line: a day, or a notice."""

    id: str
    """Empty for a day."""
    kind: Literal["day", "notice"]
    title: str
    """The day, or the name."""
    time: str = ""
    chip: str = ""
    look: ChipLook = _NO_CHIP
    body: str = ""
    unread: bool = False
    record: NoticeRecord | None = None


class AlertsViewModel(QObject):
    """The notices known at the instant looked at, filtered, newest first, by day.

    Signals
    -------
    changed
        Rows, counts or the chosen row changed.
    state_changed
        :attr:`panel_state` changed.
    chart_wanted(str)
        The chart of a ticker should come to the front.
    """

    changed = Signal()
    state_changed = Signal()
    chart_wanted = Signal(str)

    def __init__(self, workstation: Workstation, appearance: Appearance) -> None:
        super().__init__()
        self._workstation, self._look = workstation, appearance
        self.kind = ALL
        self.strategy = ALL
        self.words = ""
        self.rows: tuple[AlertRow, ...] = ()
        self.chosen = ""
        self.total = self.unread = self.found = 0
        self._market: MarketPicture | None = None
        self._told: tuple[NoticeRecord, ...] | None = None
        self._state: PanelState | None = None
        self._subscriptions: list[Subscription] = []
        appearance.changed.connect(self.rewrite)

    @property
    def strategies(self) -> Strategies | None:
        """The strategies, if the program runs with them."""
        return self._workstation.strategies

    @property
    def panel_state(self) -> PanelState:
        """State of the panel."""
        if self.strategies is None:
            return Empty("alerts.empty.off")
        if self._told is None or self._market is None:
            return Empty("alerts.empty.waiting")
        if not self.total:
            return Empty("alerts.empty.none" if self._market.is_latest else "alerts.empty.past")
        return Ready(self._market.as_of)

    @property
    def is_filtered(self) -> bool:
        """Whether anything narrows the list."""
        return self.kind != ALL or self.strategy != ALL or bool(self.words)

    @property
    def message(self) -> tuple[str, str] | None:
        """What is said where the filter leaves nothing."""
        if self.rows or not self.total:
            return None
        return self._look.tr("alerts.none.found"), self._look.tr("alerts.none.found.detail", count=fmt.number(self.total))

    # -- life -----------------------------------------------------------------------------------------------------------

    def activate(self) -> None:
        """Begin to listen; the last facts arrive at once."""
        if self._subscriptions:
            return
        self._subscriptions = [
            self._workstation.market.subscribe(self._on_market),
            self._workstation.selection.subscribe(self._on_selection, replay=False),
        ]
        strategies = self.strategies
        if strategies is not None:
            self._subscriptions.append(strategies.notices.notices.subscribe(self._on_notices))
        self.state_changed.emit()

    def deactivate(self) -> None:
        """Stop listening; a hidden panel costs nothing."""
        for subscription in self._subscriptions:
            subscription.close()
        self._subscriptions = []

    def _on_market(self, picture: MarketPicture) -> None:
        self._market = picture
        self.rewrite()

    def _on_notices(self, records: tuple[NoticeRecord, ...]) -> None:
        self._told = records
        self.rewrite()

    def _on_selection(self, context: SymbolContext) -> None:
        """A symbol chosen elsewhere leaves this list's row, unless the row is about it."""
        record = self.record(self.chosen)
        if context.origin != ALERTS_ORIGIN and record is not None and record.ticker and record.ticker != context.ticker:
            self.chosen = ""
            self.changed.emit()

    # -- what the user does ---------------------------------------------------------------------------------------------

    def filter_kind(self, kind: str) -> None:
        """List one kind, or all."""
        if kind != self.kind and kind in (ALL, *KINDS):
            self.kind = kind
            self.rewrite()

    def filter_strategy(self, strategy: str) -> None:
        """List one strategy, or all."""
        if strategy != self.strategy and strategy in (ALL, *STRATEGIES):
            self.strategy = strategy
            self.rewrite()

    def search(self, words: str) -> None:
        """List only what holds the words: name, initials, code or sentence."""
        if words.strip() != self.words:
            self.words = words.strip()
            self.rewrite()

    def clear_filter(self) -> None:
        """List everything again."""
        self.kind = self.strategy = ALL
        self.words = ""
        self.rewrite()

    def choose(self, identity: str) -> None:
        """Choose a row; its symbol is selected in the linked panels."""
        record = self.record(identity)
        if record is None:
            return
        self.chosen = identity
        if record.ticker:
            self._workstation.select(record.ticker, ALERTS_ORIGIN)
        self.changed.emit()

    def open_chart(self, identity: str) -> None:
        """Show the chart of a row's symbol; what was opened has been read."""
        record = self.record(identity)
        if record is None:
            return
        self.choose(identity)
        self.mark_read(identity)
        if record.ticker:
            self.chart_wanted.emit(record.ticker)

    def go_back_to(self, identity: str) -> None:
        """Set the workstation's clock to the instant of a notice, and select its symbol."""
        record, strategies = self.record(identity), self.strategies
        if record is None or strategies is None:
            return
        self.choose(identity)
        self.mark_read(identity)
        strategies.time_machine.enter(AsOf(record.at_ns))

    def mark_read(self, identity: str) -> None:
        """Mark one notice as read."""
        record, strategies = self.record(identity), self.strategies
        if record is not None and strategies is not None and not record.read:
            strategies.notices.mark_read([record.id])

    def mark_all_read(self) -> None:
        """Mark every notice as read; while a filter is on, those it shows."""
        strategies = self.strategies
        if strategies is None:
            return
        if not self.is_filtered:
            strategies.notices.mark_read()
            return
        shown = [row.record.id for row in self.rows if row.record is not None and not row.record.read]
        if shown:
            strategies.notices.mark_read(shown)

    def mute(self, identity: str) -> None:
        """Show nothing of this kind about this symbol for a while; the list still takes it down."""
        record, strategies = self.record(identity), self.strategies
        if record is not None and strategies is not None:
            strategies.notices.mute(record.kind, record.ticker, MUTE_MINUTES)

    def record(self, identity: str) -> NoticeRecord | None:
        """The notice of a row, None for a day or an unknown row."""
        return next((row.record for row in self.rows if row.id == identity), None) if identity else None

    # -- rows -----------------------------------------------------------------------------------------------------------

    def rewrite(self) -> None:
        """Make the rows anew from what is known."""
        known = self._known()
        self.total, self.unread = len(known), sum(not record.read for record in known)
        rows: list[AlertRow] = []
        day = None
        self.found = 0
        for record in known:
            row = self._row(record)
            if not self._fits(record, row):
                continue
            if day_of(record.at_ns) != day:
                day = day_of(record.at_ns)
                rows.append(AlertRow("", "day", fmt.day_long(day, self._look.language)))
            rows.append(row)
            self.found += 1
        self.rows = tuple(rows)
        if self.chosen not in {row.id for row in rows}:
            self.chosen = ""
        self.changed.emit()
        if self.panel_state != self._state:
            self._state = self.panel_state
            self.state_changed.emit()

    def _known(self) -> list[NoticeRecord]:
        """What was told by the instant looked at, newest first."""
        records = list(self._told or ())
        if self._market is not None and not self._market.is_latest:
            records = [record for record in records if record.at_ns <= self._market.as_of.instant_ns]
        return records

    def _row(self, record: NoticeRecord) -> AlertRow:
        look = self._look
        return AlertRow(
            id=str(record.id),
            kind="notice",
            title=notice_name(look, record),
            time=fmt.clock(record.at_ns),
            chip=kind_word(look, record),
            look=chip_look(record),
            body=notice_body(look, record),
            unread=not record.read,
            record=record,
        )

    def _fits(self, record: NoticeRecord, row: AlertRow) -> bool:
        if self.kind not in (ALL, record.kind) or self.strategy not in (ALL, record.strategy):
            return False
        if not self.words:
            return True
        names = [str(record.fields.get(name, "")) for name in ("name", "name_en", "names", "names_en")]
        return any(matches_name(self.words, text) for text in (*names, row.title, record.ticker, row.body, row.chip))
