"""View-model of the watch lists (screen 0110): which list, its symbols over the market's rows, alerts, and what can be undone.

The rows are those of the market; a list is a mask over them with an order of its own, so that live prices, scores and filters
are the ones of every other table. The lists belong to the user and not to the instant looked at.
"""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import Signal

from engine.model.errors import RalphStockError, ValidationFailed
from engine.model.instruments import Market
from engine.model.panel import FloatArray, MarketPanel
from ralphstock_desktop.assistant_ports import AlertRule, WatchEntry
from ralphstock_desktop.services.assistant_contracts import WatchBook
from ralphstock_desktop.services.contracts import Empty, Failed, PanelState, SymbolHit
from ralphstock_desktop.services.watch_names import DEFAULT_LIST, as_kept
from ralphstock_desktop.ui.dock_registry import DockContext
from ralphstock_desktop.ui.viewmodels.scan_rows import ScanRows
from ralphstock_desktop.ui.viewmodels.scan_table import ScanTableViewModel
from ralphstock_desktop.ui.viewmodels.watch_grades import other_grade
from ralphstock_desktop.ui.viewmodels.watch_undo import UNDO_DEPTH, Undo

__all__ = ["WatchViewModel"]


class WatchViewModel(ScanTableViewModel):
    """See the module text.

    Signals
    -------
    lists_changed
        Another list is shown, or the lists changed.
    alerts_changed
        The alerts changed.
    grades_changed
        Grades of the other strategies changed.
    undo_changed
        :attr:`undos` changed.
    failed(object)
        The user's last command was refused (RalphStockError); None: the one after it was not.
    """

    lists_changed = Signal()
    alerts_changed = Signal()
    grades_changed = Signal()
    undo_changed = Signal()
    failed = Signal(object)

    chips = ("every", "kospi", "kosdaq", "scored")

    def __init__(self, context: DockContext) -> None:
        super().__init__(context.workstation, context.appearance, context.market_filter, "watch")
        self._spawn = context.spawn
        self.list_name = DEFAULT_LIST
        self.drafts: list[str] = []
        """Lists without symbols: the repository keeps none of those."""
        self.undos: list[Undo] = []
        self._numbers: dict[int, list[int]] = {}
        """By the number of an alert: its number now, shared by the steps about it. One that comes back has another."""
        self._kind = ""
        self._index: tuple[object, str, dict[str, tuple[int, WatchEntry]]] = (None, "", {})

    # -- life -----------------------------------------------------------------------------------------------------------

    @property
    def book(self) -> WatchBook | None:
        """Lists and alerts; None where the program runs without them."""
        return self._workstation.watch

    def activate(self) -> None:
        """Begin to listen; the last facts arrive at once."""
        if self._subscriptions:
            return
        super().activate()
        book, strategies = self.book, self._workstation.strategies
        if book is not None:
            self._subscriptions += [
                book.trouble.subscribe(lambda _error: self.state_changed.emit()),
                book.lists.subscribe(self._on_lists),
                book.alerts.subscribe(lambda _rules: self.alerts_changed.emit()),
            ]
        if strategies is not None:
            self._subscriptions += [
                strategies.closing.subscribe(lambda _picture: self.grades_changed.emit()),
                strategies.day_trades.subscribe(lambda _picture: self.grades_changed.emit()),
            ]

    def _on_lists(self, _entries: tuple[WatchEntry, ...]) -> None:
        kind = self._looked_at.kind if self._looked_at is not None else ""
        if kind != self._kind:
            # Steps of the other market cannot be taken back in this one.
            self.drafts = [] if self._kind else self.drafts
            self._kind, self.undos, self._numbers = kind, [], {}
            self.undo_changed.emit()
        kept = {entry.list_name for entry in self.all_entries}
        self.drafts = [name for name in self.drafts if name not in kept]
        if self.list_name not in self.names():
            self.list_name = self.names()[0]
        self.lists_changed.emit()
        self.mask_changed.emit()
        self.state_changed.emit()

    # -- the lists ------------------------------------------------------------------------------------------------------

    @property
    def all_entries(self) -> tuple[WatchEntry, ...]:
        """Entries of every list."""
        return (self.book.lists.last or ()) if self.book is not None else ()

    def names(self) -> list[str]:
        """Lists to choose from; there is always one."""
        kept = {entry.list_name for entry in self.all_entries} | set(self.drafts)
        rest = sorted(kept - {DEFAULT_LIST})
        return [DEFAULT_LIST, *rest] if DEFAULT_LIST in kept or not rest else rest

    def shown_name(self, name: str) -> str:
        """Name of a list as shown: the first one has a name in both languages."""
        return self._appearance.tr("watch.list.first") if name == DEFAULT_LIST else name

    def entries(self, name: str = "") -> list[WatchEntry]:
        """Entries of a list (the shown one) in its order."""
        wanted = name or self.list_name
        return sorted((e for e in self.all_entries if e.list_name == wanted), key=lambda entry: entry.position)

    def _listed(self) -> dict[str, tuple[int, WatchEntry]]:
        """Place and entry of every symbol of the shown list; worked out once per state of the lists."""
        entries = self.all_entries
        if self._index[0] is not entries or self._index[1] != self.list_name:
            found = {entry.ticker: (place, entry) for place, entry in enumerate(self.entries(), start=1)}
            self._index = (entries, self.list_name, found)
        return self._index[2]

    def entry(self, ticker: str) -> WatchEntry | None:
        """Entry of a symbol on the shown list."""
        found = self._listed().get(ticker)
        return found[1] if found is not None else None

    def place(self, ticker: str) -> int | None:
        """Place of a symbol on the shown list, from 1."""
        found = self._listed().get(ticker)
        return found[0] if found is not None else None

    def strangers(self) -> list[str]:
        """Symbols on the list that the market does not hold (delisted before its data, or from elsewhere)."""
        panel = self.rows.panel if self.rows is not None else None
        return [] if panel is None else [e.ticker for e in self.entries() if panel.row_of(e.ticker) is None]

    def restore(self, drafts: Sequence[str], name: str) -> None:
        """Take back lists without symbols and the list that was shown."""
        self.drafts = [as_kept(draft) for draft in drafts][:50]
        if name and self.book is not None and self.book.lists.last is None:
            self.list_name = name  # whether there is such a list is known once they are read
        else:
            self.choose_list(name)

    def choose_list(self, name: str) -> None:
        """Show another list."""
        if name in self.names() and name != self.list_name:
            self.list_name = name
            self.lists_changed.emit()
            self.mask_changed.emit()
            self.state_changed.emit()

    def new_list(self, name: str) -> bool:
        """Begin an empty list and show it; False (and ``failed``) where the name is taken or empty."""
        kept = as_kept(name)
        if not name.strip() or kept in self.names():
            self.failed.emit(ValidationFailed(f"'{name}' is taken.", key="error.watch.name", name=name.strip()))
            return False
        self.failed.emit(None)
        self.drafts.append(kept)
        self.choose_list(kept)
        return True

    def rename(self, new_name: str) -> None:
        """Give the shown list another name."""
        before, after, book = self.list_name, as_kept(new_name), self.book
        if book is None:
            return
        if not new_name.strip() or (after != before and after in self.names()):
            self.failed.emit(ValidationFailed(f"'{new_name}' is taken.", key="error.watch.name", name=new_name.strip()))
            return

        async def change(old: str, new: str) -> None:
            if self.entries(old):
                self.list_name = new if self.list_name == old else self.list_name
                self.drafts.append(new)
                await book.rename(old, new)
            else:
                self.drafts = [new if name == old else name for name in self.drafts] or [new]
                self.list_name = new
                self._on_lists(self.all_entries)

        if after != before:
            self._run(
                change(before, after),
                Undo("watch.undo.rename", {"name": self.shown_name(before)}, lambda: change(after, before)),
            )

    def delete_list(self) -> None:
        """Delete the shown list with everything on it."""
        name, entries, book = self.list_name, self.entries(), self.book
        if book is None:
            return
        self.drafts = [draft for draft in self.drafts if draft != name]

        async def back() -> None:
            if entries:
                await book.set_list(name, entries)
            elif name not in self.names():
                self.drafts.append(name)
            self.choose_list(name)

        if entries:
            self._run(book.set_list(name, ()), Undo("watch.undo.list", {"name": self.shown_name(name)}, back))
        else:
            self._push(Undo("watch.undo.list", {"name": self.shown_name(name)}, back))
            self._on_lists(self.all_entries)

    # -- the symbols on it ----------------------------------------------------------------------------------------------

    def find(self, text: str) -> list[SymbolHit]:
        """Symbols for what is typed: code, name or 초성."""
        return self._workstation.search(text, 8)

    def add(self, ticker: str) -> None:
        """Add a symbol at the end of the shown list."""
        if self.book is not None:
            self._run(self.book.add(ticker, self.list_name))

    def remove(self, tickers: Sequence[str]) -> None:
        """Take symbols off the shown list; can be undone, at their old places with their notes."""
        book, name = self.book, self.list_name
        gone = [entry for entry in self.entries() if entry.ticker in tickers]
        if book is None or not gone:
            return
        left = [entry for entry in self.entries() if entry not in gone]

        async def back() -> None:
            now = self.entries(name)
            here = {entry.ticker for entry in now}
            for entry in gone:
                if entry.ticker not in here:
                    now.insert(min(entry.position, len(now)), entry)
            await book.set_list(name, now)

        if not left and name != DEFAULT_LIST:
            self.drafts.append(name)  # the list itself stays
        fields: dict[str, str | int | float] = {"name": self.stock_name(gone[0].ticker), "count": len(gone)}
        key = "watch.undo.symbol" if len(gone) == 1 else "watch.undo.symbols"
        self._run(book.set_list(name, left), Undo(key, fields, back))

    def move(self, ticker: str, position: int) -> None:
        """Put a symbol of the shown list at another place, counted from 0."""
        entry = self.entry(ticker)
        if self.book is not None and entry is not None and entry.position != position >= 0:
            self._run(self.book.move(ticker, self.list_name, position))

    def annotate(self, ticker: str, note: str) -> None:
        """Write a note on a symbol of the shown list; the one before can be brought back."""
        entry, book = self.entry(ticker), self.book
        if entry is None or book is None or entry.note == note.strip():
            return
        name, before = self.list_name, entry.note
        undo = Undo("watch.undo.note", {"name": self.stock_name(ticker)}, lambda: book.annotate(ticker, name, before))
        self._run(book.annotate(ticker, name, note), undo)

    # -- the alerts -----------------------------------------------------------------------------------------------------

    @property
    def rules(self) -> tuple[AlertRule, ...]:
        """Alerts, newest first."""
        return (self.book.alerts.last or ()) if self.book is not None else ()

    def set_alert_active(self, rule_id: int, active: bool) -> None:
        """Switch an alert on or off."""
        if self.book is not None:
            self._run(self.book.set_alert_active(rule_id, active))

    async def edit_alert(self, rule: AlertRule, ticker: str, quantity: str, op: str, value: float, note: str) -> None:
        """Change an alert; can be undone. Raises what is wrong with it (the editor says it)."""
        book = self.book
        if book is None:
            return
        changed = await book.edit_alert(rule.id, ticker, quantity, op, value, note)
        self.failed.emit(None)
        if changed == rule:
            return

        number = self._numbers.setdefault(rule.id, [rule.id])

        def back() -> Coroutine[Any, Any, None]:
            return book.put_back_alert(replace(rule, id=number[0]))

        key = "watch.undo.edit.waits" if changed.created_ns != rule.created_ns else "watch.undo.edit.note"
        self._push(Undo(key, {"name": self.stock_name(changed.ticker)}, back))

    def delete_alert(self, rule: AlertRule) -> None:
        """Delete an alert; can be undone."""
        book = self.book
        if book is None:
            return
        number = self._numbers.setdefault(rule.id, [rule.id])

        async def go() -> None:
            await book.delete_alert(rule.id)
            self._numbers.pop(rule.id, None)  # the repository may give it to another alert

        async def back() -> None:
            number[0] = (await book.restore_alert(rule)).id
            self._numbers[number[0]] = number

        self._run(go(), Undo("watch.undo.alert", {"name": self.stock_name(rule.ticker)}, back))

    @property
    def is_past(self) -> bool:
        """Whether an earlier instant is looked at: alerts rest."""
        return self._looked_at is not None and not self._looked_at.is_latest

    def measured(self, ticker: str, quantity: str) -> float | None:
        """Value of an alert's quantity now; None where it is missing, not of today, or the past is looked at."""
        rows = self.rows
        row = rows.position(ticker) if rows is not None else None
        if rows is None or row is None or self.is_past:
            return None
        if quantity in ("change_pct", "volume") and not rows.is_live(row):
            return None
        values = {
            "price": lambda: rows.close,
            "change_pct": lambda: rows.change,
            "volume": lambda: rows.volume,
            "score": lambda: rows.scan.total_score,
        }
        value = float(values[quantity]()[row])
        return None if np.isnan(value) else value

    # -- carrying out, and back -----------------------------------------------------------------------------------------

    def _run(self, work: Coroutine[Any, Any, object], undo: Undo | None = None) -> None:
        self._spawn(self._guarded(work, undo), "watch list")

    async def _guarded(self, work: Coroutine[Any, Any, object], undo: Undo | None) -> None:
        try:
            await work
        except RalphStockError as error:
            self.failed.emit(error)
            return
        self.failed.emit(None)
        if undo is not None:
            self._push(undo)

    def _push(self, undo: Undo) -> None:
        self.undos = [*self.undos, undo][-UNDO_DEPTH:]
        self.undo_changed.emit()

    def undo(self) -> None:
        """Take the last step back."""
        if self.undos:
            step = self.undos.pop()
            self.undo_changed.emit()
            self._run(step.back())

    # -- what the table asks --------------------------------------------------------------------------------------------

    @property
    def panel(self) -> MarketPanel | None:
        """The market on screen."""
        return self.rows.panel if self.rows is not None else None

    def stock_name(self, ticker: str) -> str:
        """Name in the language of the window; the code where the market does not hold it."""
        rows = self.rows
        row = rows.position(ticker) if rows is not None else None
        return ticker if rows is None or row is None else rows.name(row, self._appearance.language)

    def chip_mask(self, chip: str) -> npt.NDArray[np.bool_]:
        """Symbols of the list, all of them, of a market, or with a score."""
        rows = self.rows
        assert rows is not None
        listed = ~np.isnan(self.places(rows))
        if chip in ("kospi", "kosdaq"):
            return np.asarray(listed & (rows.panel.market == Market[chip.upper()]))
        return listed & rows.scored if chip == "scored" else listed

    def places(self, rows: ScanRows) -> FloatArray:
        """Place of every row on the list, from 1; NaN where it is not on it."""
        found = np.full(rows.size, np.nan)
        for ticker, (place, _entry) in self._listed().items():
            row = rows.position(ticker)
            if row is not None:
                found[row] = place
        return found

    def notes(self, rows: ScanRows) -> list[str]:
        """Notes of all rows, empty where there is none."""
        kept = self._listed()
        return [kept[ticker][1].note if ticker in kept else "" for ticker in rows.tickers]

    def note(self, rows: ScanRows, row: int) -> str:
        """Note of a row."""
        entry = self.entry(rows.tickers[row])
        return entry.note if entry is not None else ""

    def grade_of(self, strategy: str, ticker: str) -> int:
        """Grade of another strategy at the instant looked at, 0 where it is not known."""
        return other_grade(self._workstation.strategies, strategy, ticker, self._looked_at)

    def grade_keys(self, strategy: str, rows: ScanRows) -> FloatArray:
        """Order of a column of grades; NaN where a symbol of the list has none, and off the list."""
        found = np.full(rows.size, np.nan)
        for ticker in self._listed():
            row, grade = rows.position(ticker), self.grade_of(strategy, ticker)
            if row is not None and grade:
                found[row] = grade
        return found

    @property
    def panel_state(self) -> PanelState | None:
        """State the panel's frame shows."""
        book = self.book
        if book is None:
            return Empty("empty.watch.off")
        error = book.trouble.last
        if error is not None:
            return Failed(error)
        return super().panel_state
