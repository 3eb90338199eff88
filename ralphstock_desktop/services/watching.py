"""Watch lists and alerts of the user; implements ``WatchBook``.

An alert is told once: when its quantity reaches its value on a quote or a score of the running present. The notice is stored
first, under the alert's number and the instant it was set; then the alert is marked as fired. A program killed in between finds
the alert waiting, and the notice of that key told already. Nothing fires while the past is looked at.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import replace
from typing import Any

from engine.model.errors import DataUnavailable, RalphStockError, ValidationFailed
from engine.model.instants import kst_datetime
from ralphstock_desktop.assistant_ports import AlertRule, AssistantStore
from ralphstock_desktop.services.alert_checks import (
    check_kind,
    check_tick,
    is_reached,
    notice_of,
    quoted,
    refuse_reached,
    score_of,
    spiked,
)
from ralphstock_desktop.services.channels import Channel, Subscription
from ralphstock_desktop.services.contracts import MarketPicture, ScanPicture, Workstation
from ralphstock_desktop.services.live_contracts import LiveScan, QuoteBoard, QuoteFrame
from ralphstock_desktop.services.tasks import TaskSet
from ralphstock_desktop.services.watch_names import DEFAULT_LIST
from ralphstock_desktop.services.watching_lists import LONGEST_NOTE, WatchLists
from ralphstock_desktop.services.workers import Workers
from ralphstock_desktop.strategy_ports import NoticeRecord

__all__ = ["DEFAULT_LIST", "WatchService"]

_MOST_ALERTS = 200
_FEW_ROWS = 200
_OWNER, _MOST_WANTED = "alert_rules", 60
"""Symbols with alerts that the feed is asked for beside those on screen: a table must not lose its stream to them."""
_RETRY_S = 30.0
"""Pause before an alert whose notice could not be stored is tried again."""
_log = logging.getLogger(__name__)

Post = Callable[[tuple[NoticeRecord, ...]], Coroutine[Any, Any, Sequence[NoticeRecord]]]


class WatchService(WatchLists):
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
        super().__init__(workstation, workers, now_ns)
        self.alerts: Channel[tuple[AlertRule, ...]] = Channel("alert_rules")
        self.trouble: Channel[RalphStockError | None] = Channel("watch_trouble")
        self._open_store, self._post = open_store, post
        self._kind = ""
        self._active: dict[str, list[AlertRule]] = {}
        self._since: dict[AlertRule, int] = {}
        """Since when each active alert waits, on the market's clock: a price traded before cannot reach it."""
        self._held: set[AlertRule] = set()
        """Alerts that are being told, or wait for another try: they fire no second time meanwhile."""
        self._present = False
        self._tasks = TaskSet()
        self._retries: set[asyncio.TimerHandle] = set()
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
        for retry in self._retries:
            retry.cancel()
        await self._tasks.cancel()

    async def idle(self) -> None:
        """Wait until nothing runs any more."""
        await self._tasks.idle()

    def _on_market(self, picture: MarketPicture) -> None:
        if picture.is_latest and not self._present:
            # Alerts rest while the past is looked at: what was touched meanwhile is not told after the way back.
            self._since = dict.fromkeys(self._since, self._now_ns())
        self._present = picture.is_latest
        if picture.kind != self._kind:
            self._kind = picture.kind
            # Quotes of the other market may come before its alerts are read: those of this one must not fire on them.
            self._store, self._active, self._since, self._held = None, {}, {}, set()
            self.reload()

    def reload(self) -> None:
        """Read everything again, after it could not be read."""
        self._tasks.spawn(self._load(self._kind), "watch lists")

    async def _load(self, kind: str) -> None:
        async with self._turn:
            if kind != self._kind:
                return  # the user went on to the other market meanwhile
            try:
                store = await self._open_store(kind)
                lists, rules = await self._workers.read(store.watch_lists), await self._workers.read(store.alert_rules)
            except RalphStockError as error:
                _log.warning("watch lists could not be read: %s", error)
                self.trouble.publish(error)
                self.lists.publish(())
                self.alerts.publish(())
                return
            if kind == self._kind:
                self._store = store
                self.trouble.publish(None)
                self.lists.publish(lists)
                self._take_rules(rules)

    async def _publish_alerts(self, store: AssistantStore) -> None:
        rules = await self._workers.read(store.alert_rules)
        if store is self._store:
            self._take_rules(rules)

    def _take_rules(self, rules: tuple[AlertRule, ...]) -> None:
        self._active, before, now = {}, self._since, self._now_ns()
        # Not when it was set: one that was off, away or brought back waits from now on.
        self._since = {rule: before.get(rule, now) for rule in rules if rule.active}
        for rule in self._since:
            self._active.setdefault(rule.ticker, []).append(rule)
        live = self._workstation.live
        if live is not None:
            live.want(_OWNER, tuple(self._active)[:_MOST_WANTED])  # newest first
        self.alerts.publish(rules)

    # -- alerts -----------------------------------------------------------------------------------------------------------

    async def add_alert(self, ticker: str, quantity: str, op: str, value: float, note: str = "") -> AlertRule:
        """Keep an alert. Raises ValidationFailed for a value that makes no sense or is reached already."""
        async with self._turn:
            rule = self._new_rule(ticker, quantity, op, value, note)
            refuse_reached(rule, self._measured(ticker, rule.quantity))
            return await self._keep(rule)

    def _new_rule(self, ticker: str, quantity: str, op: str, value: float, note: str) -> AlertRule:
        """An alert set now, without a number; raises ValidationFailed for what makes no sense."""
        known, comparison = check_kind(quantity, op, value)
        row, picture = self._known(ticker), self._workstation.market.last
        if known == "price" and picture is not None:
            check_tick(picture.panel, row, value, kst_datetime(self._now_ns()).date())
        return AlertRule(0, ticker, known, comparison, float(value), note.strip()[:LONGEST_NOTE], True, self._now_ns())

    async def edit_alert(self, rule_id: int, ticker: str, quantity: str, op: str, value: float, note: str = "") -> AlertRule:
        """Change an alert. Another condition waits anew, whatever became of the one before; another note changes nothing else.

        Notices told before stay: the changed alert is one more to be told, under the instant of the change.

        Raises
        ------
        DataUnavailable
            ``error.alert.unknown``.
        ValidationFailed
            As :meth:`add_alert`; the alert stays as it was.
        """
        async with self._turn:
            before, store = self._rule(rule_id), self._open()
            if (ticker, quantity, op, value) == (before.ticker, before.quantity, before.op, before.value):
                rule = replace(before, note=note.strip()[:LONGEST_NOTE])
            else:
                rule = replace(self._new_rule(ticker, quantity, op, value, note), id=rule_id)
                # The key of a notice holds the instant: an edit in the tick of the clock that set the alert is another one.
                rule = replace(rule, created_ns=max(rule.created_ns, before.created_ns + 1))
                refuse_reached(rule, self._measured(ticker, rule.quantity))
                self._check_alerts(not before.active)
            if rule != before:
                await self._workers.read(store.set_alert, rule)
                await self._publish_alerts(store)
            return rule

    async def put_back_alert(self, rule: AlertRule) -> None:
        """Take an edit back: the alert is again what it was, told, off or waiting. Raises DataUnavailable where it is gone."""
        async with self._turn:
            now, store = self._rule(rule.id), self._open()
            self._check_alerts(rule.active and not now.active)
            await self._workers.read(store.set_alert, rule)
            await self._publish_alerts(store)

    async def restore_alert(self, rule: AlertRule) -> AlertRule:
        """Bring a deleted alert back as it was, under another number."""
        async with self._turn:
            return await self._keep(replace(rule, id=0))

    async def _keep(self, rule: AlertRule) -> AlertRule:
        store = self._open()
        self._check_alerts(rule.active)
        kept = await self._workers.read(store.add_alert, rule)
        await self._publish_alerts(store)
        return kept

    def _check_alerts(self, active: bool) -> None:
        if active and sum(rule.active for rule in self.alerts.last or ()) >= _MOST_ALERTS:
            raise ValidationFailed(f"There are {_MOST_ALERTS} alerts already.", key="error.alert.full", count=_MOST_ALERTS)

    async def set_alert_active(self, rule_id: int, active: bool) -> None:
        """Switch an alert on or off; one that has fired waits anew. Raises ValidationFailed where it is reached now."""
        async with self._turn:
            rule, store = self._rule(rule_id), self._open()
            if rule.active == active:
                return
            changed = replace(rule, active=False)
            if active:
                # Another alert to be told: what was told before carries the earlier instant in its key.
                changed = replace(rule, active=True, fired_ns=None, created_ns=self._now_ns())
                self._check_alerts(active)
                refuse_reached(changed, self._measured(rule.ticker, rule.quantity))
            await self._workers.read(store.set_alert, changed)
            await self._publish_alerts(store)

    async def delete_alert(self, rule_id: int) -> None:
        """Forget an alert."""
        async with self._turn:
            store = self._open()
            await self._workers.read(store.delete_alert, rule_id)
            await self._publish_alerts(store)

    def _rule(self, rule_id: int) -> AlertRule:
        rule = next((rule for rule in self.alerts.last or () if rule.id == rule_id), None)
        if rule is None:
            raise DataUnavailable(f"There is no alert {rule_id}.", key="error.alert.unknown", id=rule_id)
        return rule

    # -- firing -----------------------------------------------------------------------------------------------------------

    def _board(self) -> QuoteBoard | None:
        live = self._workstation.live
        return live.board if live is not None and self._present else None

    def _measured(self, ticker: str, quantity: str) -> float | None:
        """Value of a quantity now; None where there is none of today, and while the past is looked at."""
        if not self._present:
            return None
        if quantity == "score":
            live, picture = self._workstation.live, self._workstation.scans.last
            newest = live.scans.last if live is not None else None
            if newest is not None and (picture is None or newest.picture.scan.as_of > picture.scan.as_of):
                picture = newest.picture
            return score_of(picture, ticker) if picture is not None and not picture.what_if else None
        board = self._board()
        row = board.row_of(ticker) if board is not None else None
        return None if board is None or row is None else quoted(board, row, quantity)

    def _on_frame(self, frame: QuoteFrame) -> None:
        board = self._board()
        if board is None or not self._active:
            return
        changed: Iterable[str] = tuple(self._active)
        if len(frame.rows) < _FEW_ROWS:
            changed = set(board.tickers[frame.rows].tolist()) & self._active.keys()
        for ticker in changed:
            row = board.row_of(ticker)
            if row is not None:
                waiting = [rule for rule in self._active[ticker] if rule.quantity != "score"]
                self._fire(rule for rule in waiting if is_reached(rule, quoted(board, row, rule.quantity)))
                if row in frame.spans:
                    self._on_span(board, row, frame, waiting)

    def _on_span(self, board: QuoteBoard, row: int, frame: QuoteFrame, waiting: Iterable[AlertRule]) -> None:
        """Prices between two frames: what touched a level and left it again is told with the price that touched it."""
        for rule in waiting:
            if rule in self._since and frame.at_ns < self._since[rule]:
                self._since[rule] = frame.at_ns  # the market's clock was set back: its day begins anew
            touched = spiked(rule, board, row, frame.spans[row], self._since.get(rule, frame.at_ns))
            if touched is not None:
                self._fire((rule,), touched)

    def _on_scan(self, picture: ScanPicture) -> None:
        market = self._workstation.market.last
        # A scan that was begun in the past may end after the way back to the present.
        if market is not None and picture.scan.as_of == market.as_of:
            self._on_scores(picture)

    def _on_live_scan(self, scan: LiveScan) -> None:
        self._on_scores(scan.picture)

    def _on_scores(self, picture: ScanPicture) -> None:
        if self._present and not picture.what_if:
            waiting = [rule for rules in self._active.values() for rule in rules if rule.quantity == "score"]
            self._fire(rule for rule in waiting if is_reached(rule, score_of(picture, rule.ticker)))

    def _fire(self, rules: Iterable[AlertRule], touched: float | None = None) -> None:
        for rule in tuple(rules):
            if rule not in self._held and self._store is not None:
                self._held.add(rule)
                self._tasks.spawn(self._tell(self._store, rule, touched), "alert")

    async def _tell(self, store: AssistantStore, rule: AlertRule, touched: float | None) -> None:
        async with self._turn:
            # The market, the instant looked at or the alert itself may be another one since the quote came.
            if store is not self._store or not self._present or rule not in (self.alerts.last or ()):
                self._held.discard(rule)
                return
            picture, now = self._workstation.market.last, self._now_ns()
            notice = notice_of(rule, picture.panel if picture is not None else None, now, touched)
            try:
                if not await self._post((notice,)) and not self._was_told(notice):
                    self._try_later(rule, touched)  # notices look at the past still, or have no market yet
                    return
                await self._workers.read(store.set_alert, replace(rule, active=False, fired_ns=now))
                await self._publish_alerts(store)
            except RalphStockError as error:
                _log.warning("an alert could not be told: %s", error)
                self._workstation.notices.publish(error.key)
                self._try_later(rule, touched)
            else:
                self._held.discard(rule)

    def _was_told(self, notice: NoticeRecord) -> bool:
        strategies = self._workstation.strategies
        listed = strategies.notices.notices.last if strategies is not None else (notice,)
        return any(record.dedup == notice.dedup for record in listed or ())

    def _try_later(self, rule: AlertRule, touched: float | None) -> None:
        def again() -> None:
            self._retries.discard(handle)
            self._held.discard(rule)
            if rule not in self._active.get(rule.ticker, ()):
                return
            # A level that was touched was touched; one that was reached must hold still.
            if touched is not None or is_reached(rule, self._measured(rule.ticker, rule.quantity)):
                self._fire((rule,), touched)

        handle = asyncio.get_running_loop().call_later(_RETRY_S, again)
        self._retries.add(handle)
