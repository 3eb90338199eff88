"""How a model is reached: checked name, key and address, and the silence of the libraries' own logs."""

from __future__ import annotations

import ipaddress
import logging
import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from engine.model.errors import ProviderError, ValidationFailed
from ralphstock_desktop.providers.gemini.errors import Failures

__all__ = ["BASE_URL", "CHECK_S", "Access", "is_loopback", "quieten"]

BASE_URL: Final = "https://generativelanguage.googleapis.com"
CHECK_S: Final = 15.0
"""Longest wait of a check."""

_MODEL: Final = re.compile(r"(?:models/|tunedModels/)?[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_KEY: Final = re.compile(r"[!-~]{1,512}")
_CHATTY: Final = (
    "google_genai",
    "google.auth",
    "google.api_core",
    "google.ai",
    "urllib3",
    "httpx",
    "httpcore",
    "httpx2",
    "httpcore2",
)


def is_loopback(url: str) -> bool:
    """Whether an address is this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def quieten() -> None:
    """Let the libraries say warnings only: at finer levels some of them write requests with all headers."""
    for name in _CHATTY:
        logger = logging.getLogger(name)
        if logger.level < logging.WARNING:  # also where none was set
            logger.setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class Access:
    """Checked means to reach a model.

    Parameters
    ----------
    model : str
        As the API names it, with or without ``models/``.
    key : str
        API key; white space around it is dropped.
    base_url : str or None
        Another endpoint; https, or http on this machine.

    Raises
    ------
    ProviderError
        ``error.model.key`` for a key that cannot be one, ``error.model.unknown`` for a name that cannot be one.
    ValidationFailed
        ``error.model.address`` for an address the key must not be sent to.
    """

    model: str
    key: str = field(repr=False)
    base_url: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "model", self.model.strip())
        object.__setattr__(self, "key", self.key.strip())
        make = self.failures("gemini")
        if not self.key:
            raise make.key("there is none", reason="missing")
        # Checked here, as the HTTP libraries print a header they cannot send.
        if not _KEY.fullmatch(self.key):
            raise make.key("it holds characters no key has", reason="form")
        if not _MODEL.fullmatch(self.model):
            raise make.unknown("this is no model name")
        if self.base_url is not None:
            object.__setattr__(self, "base_url", _checked(self.base_url))

    def failures(self, provider: str) -> Failures:
        """Return the maker of this model's errors."""
        return Failures(provider, self.model, (self.key,))

    def missing(self, provider: str) -> ProviderError:
        """Make the error of a library that is not installed."""
        return ProviderError(
            f"The library {provider} is not installed",
            provider=provider,
            retryable=False,
            key="error.model.missing",
            library=provider,
        )


def _checked(address: str) -> str:
    parts = urlsplit(address.strip())
    is_plain = parts.scheme == "http" and is_loopback(address.strip())
    if not parts.hostname or not (parts.scheme == "https" or is_plain) or parts.username or parts.query or parts.fragment:
        raise ValidationFailed(
            "The address of a model must be https, or http on this machine, without anything behind the path",
            key="error.model.address",
            host=parts.hostname or "",
        )
    return address.strip().rstrip("/")
