"""Who bought: the repository's three investor groups told as the vendor's thirteen, so that every sum holds to the last unit.

기관계 is exactly the sum of its eight parts, and 개인 + 외국인 + 기관계 + 기타법인 + 내외국인 is exactly 0,
in whatever unit is asked.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ralphstock_desktop.providers.kiwoom_sim.contracts import SimFlow, SimQuote
from ralphstock_desktop.providers.kiwoom_sim.noise import mix_int
from ralphstock_desktop.providers.kiwoom_sim.rest_facts import SimFacts

__all__ = ["COLUMNS", "INSTITUTIONS", "InvestorDay", "Measure", "investor_day", "investor_today", "split_institutions"]

Measure = Literal["amount", "quantity"]

INSTITUTIONS = ("fnnc_invt", "insrnc", "invtrt", "etc_fnnc", "bank", "penfnd_etc", "samo_fund", "natn")
COLUMNS = ("ind_invsr", "frgnr_invsr", "orgn", *INSTITUTIONS, "etc_corp", "natfor")
_WEIGHTS = {"fnnc_invt": 0.34, "insrnc": 0.09, "invtrt": 0.24, "etc_fnnc": 0.03, "bank": 0.02, "samo_fund": 0.27, "natn": 0.01}
_TURNOVER = {
    "ind_invsr": 1.20,
    "frgnr_invsr": 0.50,
    "fnnc_invt": 0.12,
    "insrnc": 0.01,
    "invtrt": 0.06,
    "etc_fnnc": 0.004,
    "bank": 0.002,
    "penfnd_etc": 0.06,
    "samo_fund": 0.04,
    "natn": 0.001,
    "etc_corp": 0.02,
    "natfor": 0.006,
}
"""Usual share of buying plus selling in the day's volume."""


@dataclass(frozen=True, slots=True)
class InvestorDay:
    """Net and gross trading of one stock and day in the asked unit, by the vendor's column names."""

    net: dict[str, int]
    turnover: int
    """The day's whole volume or value in the same unit."""
    key: int

    def gross(self, name: str) -> tuple[int, int]:
        """Buying and selling of an investor; buying minus selling is exactly its net."""
        if name == "orgn":
            parts = [self.gross(part) for part in INSTITUTIONS]
            return sum(buy for buy, _ in parts), sum(sell for _, sell in parts)
        net = self.net[name]
        swing = 0.6 + 0.8 * (mix_int(self.key, sum(name.encode())) / 2.0**64)
        both = max(int(self.turnover * _TURNOVER[name] * swing), abs(net))
        sell = max((both - net) // 2, 0, -net)
        return sell + net, sell

    def column(self, name: str, kind: str) -> int:
        """Net ("0"), buying ("1") or selling ("2") of an investor."""
        return self.net[name] if kind == "0" else self.gross(name)[0 if kind == "1" else 1]


def _whole(value: float) -> int:
    return 0 if math.isnan(value) else round(value)


def _shared(values: dict[str, int], total: int, unit: int) -> dict[str, int]:
    """Values in a unit whose sum is a given total: each is cut, and what is missing goes to those that lost most by it."""
    found = {name: value // unit for name, value in values.items()}
    missing = total - sum(found.values())
    for place, name in enumerate(sorted(values, key=lambda name: -(values[name] % unit))):
        found[name] += missing // len(values) + (place < missing % len(values))
    return found


def split_institutions(total: int, pension: int, swing: int, key: int) -> dict[str, int]:
    """Parts of the institutions: the pension funds as known, the rest by usual weights with opposite moves among them."""
    rest = total - pension
    parts = {"penfnd_etc": pension}
    given = 0
    for place, (name, weight) in enumerate(_WEIGHTS.items()):
        if name == "fnnc_invt":
            continue
        noise = mix_int(key, place) / 2.0**64 - 0.5
        parts[name] = int(rest * weight + swing * weight * noise)
        given += parts[name]
    parts["fnnc_invt"] = rest - given
    return parts


def _compose(
    *, foreign: int, institution: int, pension: int, other: int, resident: int, turnover: int, key: int, unit: int
) -> InvestorDay:
    """Thirteen columns in a unit from won or shares: no column is further than a unit or so from its own exact value."""
    parts = split_institutions(institution, pension, abs(foreign) + abs(institution), key)
    rest = {"ind_invsr": -(foreign + institution + other + resident), "etc_corp": other, "natfor": resident}
    net = {"frgnr_invsr": round(foreign / unit), "orgn": round(institution / unit)}
    net |= _shared(parts, net["orgn"], unit)
    net |= _shared(rest, -(net["frgnr_invsr"] + net["orgn"]), unit)
    return InvestorDay({name: net[name] for name in COLUMNS}, round(turnover / unit), key)


def investor_day(facts: SimFacts, row: int, index: int, measure: Measure, unit: int) -> InvestorDay | None:
    """Return who bought on a day of the panel.

    Parameters
    ----------
    index : int
        Position in the panel's days.
    measure : {"amount", "quantity"}
        Won or shares.
    unit : int
        Won or shares per unit.

    Returns
    -------
    InvestorDay or None
        None where the repository has no record of the day.
    """
    amount = measure == "amount"
    panel = facts.panel
    foreign = float((panel.foreign_krw if amount else panel.foreign_shares)[row, index])
    institution = float((panel.institution_krw if amount else panel.institution_shares)[row, index])
    if math.isnan(foreign) or math.isnan(institution):
        return None
    volume = int(panel.volume_shares[row, index])
    value = float(panel.value_krw[row, index])
    value = float(panel.close_krw[row, index]) * volume if math.isnan(value) else value
    pension = float(panel.pension_krw[row, index])
    if math.isnan(pension):
        pension = 0.2 * institution
    elif not amount:
        pension = pension * volume / value if value else 0.0
    whole = value if amount else float(volume)
    key = mix_int(int(facts.symbol_keys[row]), int(panel.days[index].astype(np.int64)), int(amount))
    small = (mix_int(key, 99) / 2.0**64 - 0.5) * 0.02 * whole
    return _compose(
        foreign=_whole(foreign),
        institution=_whole(institution),
        pension=_whole(pension),
        other=_whole(small),
        resident=_whole(small * 0.1),
        turnover=_whole(whole),
        key=key,
        unit=unit,
    )


def investor_today(facts: SimFacts, row: int, flow: SimFlow, quote: SimQuote, measure: Measure, unit: int) -> InvestorDay:
    """Return who bought on the replayed day so far. Parameters as in :func:`investor_day`."""
    place = 0 if measure == "amount" else 1
    return _compose(
        foreign=int(flow.foreign[place]),
        institution=int(flow.institution[place]),
        pension=int(flow.pension[place]),
        other=int(flow.other_corp[place]),
        resident=0,
        turnover=int(quote.volume if place else quote.value_krw),
        key=mix_int(int(facts.symbol_keys[row]), facts.day.toordinal(), place),
        unit=unit,
    )
