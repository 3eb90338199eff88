"""Compiles the loops of :mod:`engine.performance.life_kernel` to machine code, once, when asked.

The same source runs interpreted until :func:`accelerate` has finished, and for good where the compiler is not installed.
Compiled code is cached on disk by the compiler and releases the interpreter lock. May run on any thread; idempotent.
"""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Callable
from typing import Any

from engine.performance import life_kernel

__all__ = ["accelerate", "base_returns", "follow_lanes", "is_accelerated"]

_lock = threading.Lock()
_compiled: dict[str, Callable[..., None]] = {}


def is_accelerated() -> bool:
    """Whether the compiled loops are in use."""
    return bool(_compiled)


def accelerate() -> bool:
    """Compile (or load from the compiler's cache) the loops; return whether compiled code is now in use."""
    with _lock:
        if _compiled:
            return True
        if importlib.util.find_spec("numba") is None:
            return False
        import numba
        from numba.extending import register_jitable

        for helper in life_kernel.helpers:
            register_jitable(helper)
        compile_loop = numba.njit(cache=True, nogil=True, error_model="numpy")
        _compiled.update(
            follow_lanes=compile_loop(life_kernel.follow_lanes), base_returns=compile_loop(life_kernel.base_returns)
        )
        return True


def follow_lanes(*arguments: Any) -> None:
    """Run :func:`engine.performance.life_kernel.follow_lanes` at the best speed there is."""
    run: Callable[..., None] = _compiled.get("follow_lanes") or life_kernel.follow_lanes
    run(*arguments)


def base_returns(*arguments: Any) -> None:
    """Run :func:`engine.performance.life_kernel.base_returns` at the best speed there is."""
    run: Callable[..., None] = _compiled.get("base_returns") or life_kernel.base_returns
    run(*arguments)
