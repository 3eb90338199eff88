"""What tokens cost."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Prices"]


@dataclass(frozen=True, slots=True)
class Prices:
    """What a million tokens cost in US dollars; None where the user has not said."""

    input_usd: float | None
    output_usd: float | None

    def cost(self, input_tokens: int, output_tokens: int) -> float | None:
        """Cost of a request, None where a price is missing."""
        if self.input_usd is None or self.output_usd is None:
            return None
        return (input_tokens * self.input_usd + output_tokens * self.output_usd) / 1e6
