"""Investor flows and programme trading of the replayed day: provisional sums at irregular times, final ones in the evening."""

from __future__ import annotations

import math

import numpy as np

from engine.model.panel import MarketPanel
from ralphstock_desktop.providers.kiwoom_sim.contracts import SimFlow, SimProgram
from ralphstock_desktop.providers.kiwoom_sim.noise import mix_int
from ralphstock_desktop.providers.kiwoom_sim.phases import DayHours

__all__ = ["PROVISIONAL_MINUTES", "FlowMaker"]

PROVISIONAL_MINUTES = (30, 60, 150, 260, 330)
"""Minutes after the usual 09:00 open at which estimates come out: 09:30, 10:00, 11:30, 13:20, 14:30."""

_UNIT = 1.0 / (1 << 64)


class FlowMaker:
    """Makes flows of one day.

    Parameters
    ----------
    panel : MarketPanel
        Confirmed flows of the day are taken from it where it has them.
    day_index : int or None
        The day's column in the panel; None for a day it does not hold.
    hours : DayHours
        Hours of the day.
    seed : int
        Seed of the replay.
    """

    def __init__(self, panel: MarketPanel, day_index: int | None, hours: DayHours, seed: int) -> None:
        self._panel = panel
        self._index = day_index
        self._hours = hours
        self._seed = seed

    def _draw(self, key: int, salt: int) -> float:
        """A number between -1 and 1."""
        return 2.0 * mix_int(self._seed, 47, key, self._hours.day.toordinal(), salt) * _UNIT - 1.0

    def program(self, key: int, volume: int, value_krw: int) -> SimProgram:
        """Programme trading so far: steady shares of what was traded so far, so that it only grows."""
        buy_part = 0.14 + 0.1 * self._draw(key, 1)
        sell_part = 0.14 + 0.1 * self._draw(key, 2)
        return SimProgram(
            int(volume * buy_part), int(volume * sell_part), int(value_krw * buy_part), int(value_krw * sell_part)
        )

    def flow(self, row: int, key: int, now_ns: int, day_value_krw: int, day_volume: int) -> SimFlow:
        """Net buying at an instant: nothing before the first estimate, then estimates, then the confirmed figures.

        Parameters
        ----------
        row, key : int
            The stock and its identity for the noise.
        now_ns : int
            Market instant.
        day_value_krw, day_volume : int
            Totals of the whole regular session (the confirmed figures belong to them).
        """
        final = self._confirmed(row, key, day_value_krw)
        price = day_value_krw / day_volume if day_volume else 0.0
        if now_ns >= self._hours.flows_ns:
            return self._sum_up(row, final, price, final_now=True)
        progress, step = self._progress(now_ns)
        if step == 0:
            zero = (0, 0)
            return SimFlow(zero, zero, zero, zero, zero, False)
        # Estimates miss the confirmed figures by up to a fifth and get better through the day.
        doubt = 0.2 * (1.0 - progress) + 0.02
        estimate = {
            name: int(amount * progress * (1.0 + doubt * self._draw(key, 10 * step + number)))
            for number, (name, amount) in enumerate(final.items())
        }
        return self._sum_up(row, estimate, price, final_now=False)

    def _progress(self, now_ns: int) -> tuple[float, int]:
        hours = self._hours
        span = hours.close_minute - hours.open_minute
        done = [minute for minute in PROVISIONAL_MINUTES if hours.ns(hours.open_minute + minute * span // 390) <= now_ns]
        if now_ns >= hours.official_ns:
            return 1.0, len(PROVISIONAL_MINUTES) + 1
        return (done[-1] / 390.0, len(done)) if done else (0.0, 0)

    def _confirmed(self, row: int, key: int, value_krw: int) -> dict[str, int]:
        recorded = self._recorded(row)
        foreign = recorded.get("foreign", int(0.12 * value_krw * self._draw(key, 3)))
        institution = recorded.get("institution", int(0.09 * value_krw * self._draw(key, 4)))
        pension = recorded.get("pension", int(0.4 * institution * (0.5 + 0.5 * self._draw(key, 5))))
        other = int(0.01 * value_krw * self._draw(key, 6))
        return {"foreign": foreign, "institution": institution, "pension": pension, "other": other}

    def _recorded(self, row: int) -> dict[str, int]:
        if self._index is None:
            return {}
        panel = self._panel
        columns = {"foreign": panel.foreign_krw, "institution": panel.institution_krw, "pension": panel.pension_krw}
        values = {name: float(column[row, self._index]) for name, column in columns.items()}
        return {name: int(value) for name, value in values.items() if not math.isnan(value)}

    def _sum_up(self, row: int, krw: dict[str, int], price: float, *, final_now: bool) -> SimFlow:
        shares = {name: int(amount / price) if price else 0 for name, amount in krw.items()}
        if final_now and self._index is not None:
            for name, column in (("foreign", self._panel.foreign_shares), ("institution", self._panel.institution_shares)):
                value = float(column[row, self._index])
                if not np.isnan(value):
                    shares[name] = int(value)
        individual = (
            -(krw["foreign"] + krw["institution"] + krw["other"]),
            -(shares["foreign"] + shares["institution"] + shares["other"]),
        )
        return SimFlow(
            individual,
            (krw["foreign"], shares["foreign"]),
            (krw["institution"], shares["institution"]),
            (krw["pension"], shares["pension"]),
            (krw["other"], shares["other"]),
            final_now,
        )
