"""Compiles the loops of :mod:`engine.features.vcp_kernel` to machine code, once, when asked.

The same source runs interpreted until :func:`accelerate` has finished (and for good where the compiler is not installed), so
there is one definition of every rule and two speeds. Compiled code is cached on disk by the compiler and releases the
interpreter lock. ``accelerate`` may run on any thread; it is idempotent.
"""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Callable
from typing import Any

from engine.features import vcp_kernel

__all__ = ["accelerate", "is_accelerated", "measure_lanes"]

_lock = threading.Lock()
_compiled: Callable[..., None] | None = None


def is_accelerated() -> bool:
    """Whether the compiled loops are in use."""
    return _compiled is not None


def accelerate() -> bool:
    """Compile (or load from the compiler's cache) the measuring loops; return whether compiled code is now in use.

    False means the compiler is not installed on this machine; everything works, slower.
    """
    global _compiled
    with _lock:
        if _compiled is not None:
            return True
        if importlib.util.find_spec("numba") is None:
            return False
        import numba
        from numba.extending import register_jitable

        for helper in vcp_kernel.helpers:
            register_jitable(helper)
        # The lazily compiled form takes its types from the first real call, which the caller makes with real arrays.
        _compiled = numba.njit(cache=True, nogil=True, error_model="numpy")(vcp_kernel.measure_lanes)
        return True


def measure_lanes(*arguments: Any) -> None:
    """Run :func:`engine.features.vcp_kernel.measure_lanes` at the best speed there is."""
    (_compiled or vcp_kernel.measure_lanes)(*arguments)
