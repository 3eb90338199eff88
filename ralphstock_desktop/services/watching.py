"""Watch lists and alerts of the user; implements ``WatchBook``.

An alert is told once: when its quantity reaches its value on a quote or a score of the running present. The notice is stored
first, under the alert's number; then the alert is marked as fired. A program killed in between finds the alert waiting, and the
notice of that number told already. Nothing fires while the past is looked at.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import replace
from typing import Any, cast

from engine.calendar.ticks import tick_size
from engine.model.errors import DataUnavailable, RalphStockError, ValidationFailed
from engine.model.instants import kst_datetime
from engine.model.live import MISSING, QuoteSource
from ralphstock_desktop.assistant_ports import AlertRule, AssistantStore, WatchEntry
from ralphstock_desktop.services.channels import Channel, Subscription
from ralphstock_desktop.services.contracts import MarketPicture, ScanPicture, Workstation
from ralphstock_desktop.services.live_contracts import LiveScan, QuoteBoard, QuoteFrame
from ralphstock_desktop.services.workers import Workers
from ralphstock_desktop.strategy_ports import NoticeRecord
from ralphstock_desktop.wording import format as fmt

__all__ = ["DEFAULT_LIST", "WatchService"]

DEFAULT_LIST = "관심종목"
"""List that is used where none is named."""
_MOST_LISTS = 50
_MOST_ENTRIES = 500
_MOST_ALERTS = 200
_LONGEST_NAME = 40
_LONGEST_NOTE = 500
_QUANTITIES = ("price", "change_pct", "volume", "score")
_log = logging.getLogger(__name__)

Post = Callable[[tuple[NoticeRecord, ...]], Coroutine[Any, Any, object]]


class WatchService:
    """See :class:`ralphstock_desktop.services.assistant_contracts.WatchBook`.

    Parameters
    ----------
    open_store : callable
        Opens the repository's side of a market (``real`` or ``simulated``).
    post : callable
        Tells notices: stored first, then shown.
    now_ns : callable
        The market's clock.
    """

    def __init__(
        self,
        workstation: Workstation,
        workers: Workers,
        *,
        open_store: Callable[[str], Coroutine[Any, Any, AssistantStore]],
        post: Post,
        now_ns: Callable[[], int],
    ) -> None:
        self.lists: Channel[tuple[WatchEntry, ...]] = Channel("watch_lists")
        self.alerts: Channel[tuple[AlertRule, ...]] = Channel("alert_rules")
        self._workstation, self._workers, self._open_store, self._post = workstation, workers, open_store, post
        self._now_ns = now_ns
        self._kind = ""
        self._store: AssistantStore | None = None
        self._active: dict[str, list[AlertRule]] = {}
        self._present = False
        self._turn = asyncio.Lock()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._subscriptions: list[Subscription] = []

    # -- life -------------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Follow market and scores from now on."""
        self._subscriptions = [
            self._workstation.market.subscribe(self._on_market),
            self._workstation.scans.subscribe(self._on_scan),
        ]

    def follow_live(self) -> None:
        """Follow quotes and provisional scores too, once there is a running market."""
        live = self._workstation.live
        if live is not None:
            self._subscriptions += [
                live.frames.subscribe(self._on_frame, replay=False),
                live.scans.subscribe(self._on_live_scan, replay=False),
            ]

    async def close(self) -> None:
        """Stop following."""
        for subscription in self._subscriptions:
            subscription.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def idle(self) -> None:
        """Wait until nothing runs any more."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            context = {"message": f"the task '{task.get_name()}' failed", "exception": error, "task": task}
            asyncio.get_running_loop().call_exception_handler(context)

    def _on_market(self, picture: MarketPicture) -> None:
        self._present = picture.is_latest
        if picture.kind != self._kind:
            self._kind = picture.kind
            self._spawn(self._load(), "watch lists")

    async def _load(self) -> None:
        async with self._turn:
            self._store = None
            store = await self._open_store(self._kind)
            self._store = store
            await self._publish_lists(store)
            await self._publish_alerts(store)

    async def _publish_lists(self, store: AssistantStore) -> None:
        self.lists.publish(await self._workers.read(store.watch_lists))

    async def _publish_alerts(self, store: AssistantStore) -> None:
        rules = await self._workers.read(store.alert_rules)
        self._active = {}
        for rule in rules:
            if rule.active:
                self._active.setdefault(rule.ticker, []).append(rule)
        self.alerts.publish(rules)

    def _open(self) -> AssistantStore:
        if self._store is None:
            raise DataUnavailable("No market is open yet.", key="error.chat.no_market")
        return self._store

    # -- watch lists ------------------------------------------------------------------------------------------------------

    def _of(self, list_name: str) -> list[WatchEntry]:
        return [entry for entry in self.lists.last or () if entry.list_name == list_name]

    async def _write_list(self, list_name: str, entries: list[WatchEntry]) -> None:
        store = self._open()
        numbered = tuple(replace(entry, position=position) for position, entry in enumerate(entries))
        await self._workers.job(store.set_watch_list, list_name, numbered)
        await self._publish_lists(store)

    async def add(self, ticker: str, list_name: str = "") -> None:
        """Add a symbol at the end of a list; a symbol that is there stays where it is. Raises ValidationFailed."""
        async with self._turn:
            name = _list_name(list_name)
            self._known(ticker)
            entries = self._of(name)
            if any(entry.ticker == ticker for entry in entries):
                return
            lists = {entry.list_name for entry in self.lists.last or ()}
            if len(entries) >= _MOST_ENTRIES or (name not in lists and len(lists) >= _MOST_LISTS):
                raise ValidationFailed(
                    f"A watch list holds at most {_MOST_ENTRIES} symbols, and there are at most {_MOST_LISTS} lists.",
                    key="error.watch.full", entries=_MOST_ENTRIES, lists=_MOST_LISTS,
                )  # fmt: skip
            await self._write_list(name, [*entries, WatchEntry(name, ticker, len(entries), "", self._now_ns())])

    async def remove(self, ticker: str, list_name: str = "") -> None:
        """Take a symbol off a list; nothing happens where it is not on it."""
        async with self._turn:
            name = _list_name(list_name)
            entries = self._of(name)
            left = [entry for entry in entries if entry.ticker != ticker]
            if len(left) != len(entries):
                await self._write_list(name, left)

    async def rename(self, list_name: str, new_name: str) -> None:
        """Give a list another name. Raises ValidationFailed where that name is taken or empty."""
        async with self._turn:
            before, after = _list_name(list_name), _list_name(new_name)
            if not new_name.strip() or (after != before and self._of(after)):
                raise ValidationFailed(
                    f"There is a list '{after}' already, or the name is empty.", key="error.watch.name", name=new_name.strip()
                )
            entries = [replace(entry, list_name=after) for entry in self._of(before)]
            if after != before and entries:
                await self._write_list(after, entries)
                await self._write_list(before, [])

    async def move(self, ticker: str, list_name: str, position: int) -> None:
        """Put a symbol of a list at another place, counted from 0."""
        async with self._turn:
            name = _list_name(list_name)
            entries = self._of(name)
            moved = next((entry for entry in entries if entry.ticker == ticker), None)
            if moved is not None:
                entries.remove(moved)
                entries.insert(max(0, min(position, len(entries))), moved)
                await self._write_list(name, entries)

    async def annotate(self, ticker: str, list_name: str, note: str) -> None:
        """Write a note on a symbol of a list."""
        async with self._turn:
            name = _list_name(list_name)
            clean = note.strip()[:_LONGEST_NOTE]
            entries = [replace(e, note=clean) if e.ticker == ticker else e for e in self._of(name)]
            await self._write_list(name, entries)

    def _known(self, ticker: str) -> int:
        picture = self._workstation.market.last
        row = picture.panel.row_of(ticker) if picture is not None else None
        if row is None:
            raise ValidationFailed(f"There is no symbol {ticker}.", key="error.watch.symbol", ticker=ticker)
        return row

    # -- alerts -----------------------------------------------------------------------------------------------------------

    async def add_alert(self, ticker: str, quantity: str, op: str, value: float, note: str = "") -> AlertRule:
        """Keep an alert. Raises ValidationFailed for a value that makes no sense or is reached already."""
        async with self._turn:
            rule = self._checked(ticker, quantity, op, value, note)
            store = self._open()
            if sum(len(rules) for rules in self._active.values()) >= _MOST_ALERTS:
                raise ValidationFailed(f"There are {_MOST_ALERTS} alerts already.", key="error.alert.full", count=_MOST_ALERTS)
            kept = await self._workers.job(store.add_alert, rule)
            await self._publish_alerts(store)
            return kept

    def _checked(self, ticker: str, quantity: str, op: str, value: float, note: str) -> AlertRule:
        limits = {"price": (1, 1e9), "change_pct": (-100, 1_000), "volume": (1, 1e12), "score": (0, 100)}
        if quantity not in _QUANTITIES or op not in (">=", "<="):
            raise ValidationFailed(f"'{quantity} {op}' is no alert.", key="error.alert.kind", quantity=quantity, op=op)
        low, high = limits[quantity]
        if not math.isfinite(value) or not low <= value <= high:
            raise ValidationFailed(
                f"{value} is no value of {quantity}: {low} to {high} is expected.",
                key="error.alert.value", value=f"{value:,.10g}", low=f"{low:,.10g}", high=f"{high:,.10g}",
            )  # fmt: skip
        row = self._known(ticker)
        if quantity == "price":
            panel = self._workstation.market.last.panel if self._workstation.market.last is not None else None
            assert panel is not None
            today = kst_datetime(self._now_ns()).date()
            step = tick_size(value, int(panel.market[row]), today, int(panel.security_type[row]))
            if value % step:
                raise ValidationFailed(
                    f"{value:,.10g} is not on the price grid of {step:,.10g} won.",
                    key="error.alert.tick", value=f"{value:,.10g}", step=f"{step:,.10g}",
                )  # fmt: skip
        clean = note.strip()[:_LONGEST_NOTE]
        rule = AlertRule(0, ticker, cast(Any, quantity), cast(Any, op), float(value), clean, True, self._now_ns())
        measured = self._measured(ticker, quantity)
        if measured is not None and _reached(rule, measured):
            raise ValidationFailed(
                f"{quantity} is {measured:,.10g} now, so this is reached already.",
                key="error.alert.reached", now=f"{measured:,.10g}", value=f"{value:,.10g}",
            )  # fmt: skip
        return rule

    async def set_alert_active(self, rule_id: int, active: bool) -> None:
        """Switch an alert on or off; one that has fired waits anew."""
        async with self._turn:
            rule = self._rule(rule_id)
            store = self._open()
            # Switched on again it is another alert to be told: what was told before carries the earlier instant in its key.
            changed = (
                replace(rule, active=True, fired_ns=None, created_ns=self._now_ns()) if active else replace(rule, active=False)
            )
            await self._workers.job(store.set_alert, changed)
            await self._publish_alerts(store)

    async def delete_alert(self, rule_id: int) -> None:
        """Forget an alert."""
        async with self._turn:
            store = self._open()
            await self._workers.job(store.delete_alert, rule_id)
            await self._publish_alerts(store)

    def _rule(self, rule_id: int) -> AlertRule:
        rule = next((rule for rule in self.alerts.last or () if rule.id == rule_id), None)
        if rule is None:
            raise DataUnavailable(f"There is no alert {rule_id}.", key="error.alert.unknown")
        return rule

    # -- firing -----------------------------------------------------------------------------------------------------------

    def _board(self) -> QuoteBoard | None:
        live = self._workstation.live
        return live.board if live is not None and self._present else None

    def _measured(self, ticker: str, quantity: str) -> float | None:
        """Value of a quantity now; None where there is none of today."""
        if quantity == "score":
            picture = self._workstation.scans.last
            row = picture.panel.row_of(ticker) if picture is not None else None
            score = float(picture.scan.total_score[row]) if picture is not None and row is not None else math.nan
            return None if math.isnan(score) else score
        board = self._board()
        row = board.row_of(ticker) if board is not None else None
        return None if board is None or row is None else _quoted(board, row, quantity)

    def _on_frame(self, frame: QuoteFrame) -> None:
        board = self._board()
        if board is None or not self._active:
            return
        changed = (
            set(board.tickers[frame.rows].tolist()) & self._active.keys() if len(frame.rows) < 200 else self._active.keys()
        )
        for ticker in changed:
            row = board.row_of(ticker)
            if row is not None:
                waiting = [rule for rule in self._active[ticker] if rule.quantity != "score"]
                self._fire(rule for rule in waiting if _is_reached(rule, _quoted(board, row, rule.quantity)))

    def _on_scan(self, picture: ScanPicture) -> None:
        if self._present and not picture.what_if:
            self._on_scores(lambda ticker: self._measured(ticker, "score"))

    def _on_live_scan(self, scan: LiveScan) -> None:
        if not self._present:
            return

        def score(ticker: str) -> float | None:
            row = scan.picture.panel.row_of(ticker)
            value = float(scan.picture.scan.total_score[row]) if row is not None else math.nan
            return None if math.isnan(value) else value

        self._on_scores(score)

    def _on_scores(self, score: Callable[[str], float | None]) -> None:
        waiting = [rule for rules in self._active.values() for rule in rules if rule.quantity == "score"]
        self._fire(rule for rule in waiting if _is_reached(rule, score(rule.ticker)))

    def _fire(self, rules: Iterable[AlertRule]) -> None:
        for rule in tuple(rules):
            self._active[rule.ticker] = [each for each in self._active[rule.ticker] if each.id != rule.id]
            self._spawn(self._tell(rule), "alert")

    async def _tell(self, rule: AlertRule) -> None:
        store, now = self._store, self._now_ns()
        if store is None:
            return
        try:
            await self._post((self._notice(rule, now),))
            await self._workers.job(store.set_alert, replace(rule, active=False, fired_ns=now))
            await self._publish_alerts(store)
        except RalphStockError as error:
            _log.warning("an alert could not be told: %s", error)
            self._workstation.notices.publish(error.key)

    def _notice(self, rule: AlertRule, now_ns: int) -> NoticeRecord:
        picture = self._workstation.market.last
        row = picture.panel.row_of(rule.ticker) if picture is not None else None
        name, english = rule.ticker, rule.ticker
        if picture is not None and row is not None:
            name = str(picture.panel.names[row])
            english = str(picture.panel.names_en[row]) or name
        decimals = {"price": 0, "volume": 0, "change_pct": 2, "score": 1}[rule.quantity]
        way = "up" if rule.op == ">=" else "down"
        fields: dict[str, str | int | float] = {
            "name": name,
            "name_en": english,
            "value": fmt.number(rule.value, decimals),
            "note": rule.note,
        }
        key = f"notice.price.{rule.quantity}_{way}"
        return NoticeRecord(0, f"alert:{rule.id}:{rule.created_ns}", now_ns, now_ns, "price", "", rule.ticker, key, fields)


def _list_name(name: str) -> str:
    return name.strip()[:_LONGEST_NAME] or DEFAULT_LIST


def _quoted(board: QuoteBoard, row: int, quantity: str) -> float | None:
    """Value of a quantity on the board, None where it is not of the running day."""
    if board.source[row] < QuoteSource.POLLED:
        return None
    if quantity == "change_pct":
        value = float(board.change_pct[row])
        return None if math.isnan(value) else value
    whole = int(board.price_krw[row] if quantity == "price" else board.volume_shares[row])
    return None if whole == MISSING else float(whole)


def _reached(rule: AlertRule, value: float) -> bool:
    return value >= rule.value if rule.op == ">=" else value <= rule.value


def _is_reached(rule: AlertRule, value: float | None) -> bool:
    return value is not None and _reached(rule, value)
