"""The error tree of the whole program.

Every error carries a *message key* and named fields instead of a finished sentence, so that the window can show it in
Korean or English and tests can assert on the cause. ``str(error)`` gives a plain English sentence for logs and the
command line. Library exceptions are converted to one of these at the border of ``data`` and ``providers``.
"""

from __future__ import annotations

__all__ = [
    "AuthExpired",
    "DataUnavailable",
    "ProtocolChanged",
    "ProviderError",
    "RalphStockError",
    "RateLimited",
    "StaleData",
    "StorageError",
    "UserCancelled",
    "ValidationFailed",
]


class RalphStockError(Exception):
    """Base of all errors this program raises on purpose.

    Parameters
    ----------
    message : str
        One English sentence that says what is wrong, where, and what would be right.
    key : str
        Key into the text catalogue (``error.<area>.<cause>``).
    fields : str | int | float
        Named values for the translated sentence.
    """

    default_key = "error.generic"

    def __init__(self, message: str, *, key: str | None = None, **fields: str | int | float) -> None:
        super().__init__(message)
        self.key = key or self.default_key
        self.fields: dict[str, str | int | float] = {"message": message, **fields}


class ValidationFailed(RalphStockError):
    """Input breaks a rule; the sentence names the field, its value and what would be right."""

    default_key = "error.validation"


class DataUnavailable(RalphStockError):
    """A symbol, day or data set that was asked for is not there; becomes the *Empty* state of a panel."""

    default_key = "error.data_unavailable"


class StaleData(RalphStockError):
    """Data exist but are older than their limit; becomes the *Stale* state of a panel."""

    default_key = "error.stale"


class StorageError(RalphStockError):
    """The repository could not be read or written (disk, lock, damage)."""

    default_key = "error.storage"


class ProviderError(RalphStockError):
    """An outside source failed."""

    default_key = "error.provider"

    def __init__(
        self,
        message: str,
        *,
        provider: str,
        retryable: bool,
        retry_after_ms: int = 0,
        code: str = "",
        key: str | None = None,
        **fields: str | int | float,
    ) -> None:
        super().__init__(message, key=key, provider=provider, code=code, **fields)
        self.provider = provider
        self.retryable = retryable
        self.retry_after_ms = retry_after_ms
        self.code = code


class AuthExpired(ProviderError):
    """The source no longer accepts our token."""

    default_key = "error.auth_expired"


class RateLimited(ProviderError):
    """The source asks us to slow down; the planner waits, the user never sees this as a failure."""

    default_key = "error.rate_limited"


class ProtocolChanged(ProviderError):
    """The source answered in a shape we do not know; the payload is kept for diagnosis."""

    default_key = "error.protocol_changed"


class UserCancelled(RalphStockError):
    """The user stopped the work. Not a failure, never shown as one."""

    default_key = "error.cancelled"
