"""Import of recorded market data: recognise, check, convert and store Parquet and CSV files.

Public names are :func:`preview` and :func:`import_files`; pyarrow is loaded only when a file is opened.
"""

from __future__ import annotations

from ralphstock_desktop.data.importing.limits import DEFAULT_LIMITS, ImportLimits
from ralphstock_desktop.data.importing.pipeline import Mappings, import_files, preview

__all__ = ["DEFAULT_LIMITS", "ImportLimits", "Mappings", "import_files", "preview"]
