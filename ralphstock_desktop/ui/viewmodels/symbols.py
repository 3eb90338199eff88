"""View-model of the symbol list (screen 0130): every symbol of the panel, eligible or not."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.model.instruments import Market
from ralphstock_desktop.ui.viewmodels.scan_table import ScanTableViewModel

__all__ = ["SymbolsViewModel"]


class SymbolsViewModel(ScanTableViewModel):
    """Rows are the panel's symbols; chips cut by market, eligibility and score."""

    chips = ("every", "kospi", "kosdaq", "eligible", "scored")

    def chip_mask(self, chip: str) -> npt.NDArray[np.bool_]:
        """Symbols of a market, eligible ones, scored ones, or all."""
        assert self.rows is not None
        if chip in ("kospi", "kosdaq"):
            return np.asarray(self.rows.panel.market == Market[chip.upper()])
        if chip == "eligible":
            return np.asarray(self.rows.scan.ineligible == 0)
        if chip == "scored":
            return self.rows.scored
        return np.ones(self.rows.size, dtype=np.bool_)
