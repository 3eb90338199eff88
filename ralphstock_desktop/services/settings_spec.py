"""Declarations of all settings: one typed list from which page, search, reset, validation and storage derive."""

from __future__ import annotations

from engine.model.errors import ValidationFailed
from ralphstock_desktop.services.contracts import SettingSpec, SettingValue

__all__ = ["SETTINGS", "check_setting", "setting"]

SETTINGS: tuple[SettingSpec, ...] = (
    SettingSpec("theme", "look", "choice", "system", choices=("system", "dark", "light")),
    SettingSpec("direction", "look", "choice", "kr", choices=("kr", "us", "cb")),
    SettingSpec("zoom_pct", "look", "integer", 100, minimum=90, maximum=200, step=5, unit="%"),
    SettingSpec("density", "look", "choice", "compact", choices=("compact", "normal")),
    SettingSpec("language", "look", "choice", "ko", choices=("ko", "en")),
    SettingSpec("daily_source", "data", "choice", "broker", choices=("broker", "public")),
    SettingSpec("news_feeds", "data", "text", "", maximum=600),
    SettingSpec("news_folder", "data", "text", "", maximum=400),
    SettingSpec("news_dart", "data", "switch", False),
    SettingSpec("equity_manwon", "trading", "integer", 10_000, minimum=100, maximum=10_000_000, step=100, unit="만원"),
    SettingSpec("notices_desktop", "notices", "switch", True),
    SettingSpec("notices_vcp", "notices", "switch", True),
    SettingSpec("notices_closing", "notices", "switch", True),
    SettingSpec("notices_day", "notices", "switch", True),
    SettingSpec("notices_gate", "notices", "switch", True),
    SettingSpec("notices_near", "notices", "switch", False),
    SettingSpec("notices_quiet_from", "notices", "integer", 20, minimum=0, maximum=23, unit="시"),
    SettingSpec("notices_quiet_until", "notices", "integer", 7, minimum=0, maximum=23, unit="시"),
    SettingSpec("assistant_outside", "assistant", "switch", False),
    SettingSpec("assistant_provider", "assistant", "choice", "google-genai", choices=("google-genai", "google-generativeai")),
    SettingSpec("assistant_model", "assistant", "text", "gemini-flash-latest", minimum=3, maximum=80),
    SettingSpec("assistant_news_text", "assistant", "switch", True),
    SettingSpec("news_judge", "assistant", "switch", False),
    SettingSpec("assistant_budget", "assistant", "integer", 300_000, minimum=0, maximum=20_000_000, step=50_000, unit="tokens"),
    SettingSpec("assistant_price_in", "assistant", "integer", 0, minimum=0, maximum=100_000, step=5, unit="¢/1M"),
    SettingSpec("assistant_price_out", "assistant", "integer", 0, minimum=0, maximum=100_000, step=5, unit="¢/1M"),
    SettingSpec("assistant_retention_days", "assistant", "integer", 90, minimum=1, maximum=3_650, step=30, unit="일"),
    SettingSpec("assistant_embeddings", "assistant", "text", "", maximum=400),
    SettingSpec("dataset", "internal", "choice", "simulated", choices=("real", "simulated")),
    SettingSpec("first_run_done", "internal", "switch", False),
    SettingSpec("live_host", "internal", "choice", "none", choices=("none", "real", "mock", "custom")),
    SettingSpec("live_url", "internal", "text", "", maximum=200),
    SettingSpec("assistant_url", "internal", "text", "", maximum=200),
    SettingSpec("assistant_session", "internal", "text", "", maximum=36),
)
"""Page ``internal`` is not shown: it holds what the program remembers for itself."""

_BY_KEY = {spec.key: spec for spec in SETTINGS}


def setting(key: str) -> SettingSpec:
    """Return the declaration of a setting; KeyError if there is none (a bug)."""
    return _BY_KEY[key]


def check_setting(spec: SettingSpec, value: object) -> SettingValue:
    """Return ``value`` if the declaration allows it.

    Raises
    ------
    ValidationFailed
        ``error.setting`` with the key, the value and what would be right.
    """
    if spec.kind == "switch" and isinstance(value, bool):
        return value
    if spec.kind == "choice" and isinstance(value, str) and value in spec.choices:
        return value
    if spec.kind == "text" and isinstance(value, str) and spec.minimum <= len(value) <= spec.maximum and value.isprintable():
        return value
    if type(value) is int and spec.kind == "integer" and spec.minimum <= value <= spec.maximum:
        return value
    allowed = {
        "switch": "true / false",
        "choice": ", ".join(spec.choices),
        "integer": f"{spec.minimum} - {spec.maximum}",
        "text": f"{spec.minimum} - {spec.maximum} characters",
    }[spec.kind]
    raise ValidationFailed(
        f"setting '{spec.key}' cannot be {value!r}: {allowed} is expected.",
        key="error.setting",
        setting=spec.key,
        value=str(value),
        allowed=allowed,
    )
