"""Opening an article in the browser: only web addresses, and only when the user asks."""

from __future__ import annotations

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices

__all__ = ["article_url", "open_article"]


def article_url(text: str) -> QUrl | None:
    """Address of an article if it is a plain web address (http or https, with a host and without a user name)."""
    url = QUrl(text.strip(), QUrl.ParsingMode.StrictMode)
    if not url.isValid() or url.scheme().lower() not in ("http", "https") or not url.host() or url.userInfo():
        return None
    return url


def open_article(text: str) -> bool:
    """Hand a web address to the system's browser; anything else is left alone. Return whether it was handed on."""
    url = article_url(text)
    return url is not None and QDesktopServices.openUrl(url)
