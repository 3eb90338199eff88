"""Fault switches of the simulator: which are on, and how often they strike."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterable

from engine.model.errors import ValidationFailed
from ralphstock_desktop.providers.kiwoom_sim.contracts import Fault

__all__ = ["SimFaults", "parse_faults"]


class SimFaults:
    """Implements :class:`~ralphstock_desktop.providers.kiwoom_sim.contracts.SimFaultsPort`. Thread-safe.

    The draws come from a generator with a seed, so that one run on one thread can be repeated.
    """

    def __init__(self, rates: dict[Fault, float] | None = None, *, seed: int = 0, delay_s: float = 2.0) -> None:
        self._lock = threading.Lock()
        self._rates: dict[Fault, float] = {}
        self._chance = random.Random(seed)  # noqa: S311 - faults, not secrets
        self.delay_s = delay_s
        """How long a delayed answer waits."""
        self.struck: dict[Fault, int] = {}
        """How often each fault has struck."""
        for fault, rate in (rates or {}).items():
            self.set(fault, rate)

    def set(self, fault: Fault, rate: float) -> None:
        """Set the probability per chance; 0 switches off, 1 strikes always.

        Raises
        ------
        ValidationFailed
            If the rate is not between 0 and 1.
        """
        if not 0.0 <= rate <= 1.0:
            raise ValidationFailed(
                f"A fault's rate is a probability from 0 to 1; {rate} is not.", key="error.simulator.rate", value=rate
            )
        with self._lock:
            if rate:
                self._rates[fault] = rate
            else:
                self._rates.pop(fault, None)

    def strikes(self, fault: Fault) -> bool:
        """Draw once."""
        with self._lock:
            rate = self._rates.get(fault, 0.0)
            if not rate or (rate < 1.0 and self._chance.random() >= rate):
                return False
            self.struck[fault] = self.struck.get(fault, 0) + 1
            return True

    def active(self) -> tuple[Fault, ...]:
        """The faults that are on."""
        with self._lock:
            return tuple(self._rates)

    def rates(self) -> dict[str, float]:
        """Name and rate of each fault that is on."""
        with self._lock:
            return {fault.value: rate for fault, rate in self._rates.items()}

    def clear(self) -> None:
        """Switch everything off."""
        with self._lock:
            self._rates.clear()


def parse_faults(texts: Iterable[str]) -> dict[Fault, float]:
    """Read ``name=rate`` texts; a name alone means always.

    Raises
    ------
    ValidationFailed
        If a name is unknown or a rate is no probability; lists the names.
    """
    rates: dict[Fault, float] = {}
    for text in texts:
        name, _, rate = text.partition("=")
        try:
            fault = Fault(name.strip())
        except ValueError:
            names = ", ".join(fault.value for fault in Fault)
            raise ValidationFailed(
                f"'{name}' is no fault of the simulator; there are: {names}.",
                key="error.simulator.fault",
                value=name,
                names=names,
            ) from None
        try:
            rates[fault] = float(rate) if rate else 1.0
        except ValueError:
            raise ValidationFailed(
                f"A fault's rate is a probability from 0 to 1; '{rate}' is not.", key="error.simulator.rate", value=rate
            ) from None
    return rates
