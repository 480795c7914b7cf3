"""How often one caller may ask: counted by the library `limits`, in this process or wherever the settings say."""

from __future__ import annotations

import math
import time

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter

from api.errors import ApiError
from stores.settings import Api


class Throttle:
    """Every method raises ApiError 429 for one too many, saying when to come again."""

    def __init__(self, api: Api) -> None:
        self._limiter = FixedWindowRateLimiter(storage_from_string(api.limits_storage))
        self._requests = RateLimitItemPerMinute(api.requests_per_minute, namespace="requests")
        self._refusals = RateLimitItemPerMinute(api.refusals_per_minute, namespace="refusals")
        self._logins = RateLimitItemPerMinute(api.refusals_per_minute, namespace="logins")
        self._guesses = RateLimitItemPerMinute(api.guesses_per_quarter_hour, 15, namespace="guesses")

    def request(self, kind: str, name: str) -> None:
        """Somebody known asks something."""
        if not self._limiter.hit(self._requests, kind, name):
            raise self._refused(self._requests, kind, name)

    def wrong_proof(self, client: str) -> None:
        """A session or key from this address was wrong. It shuts out no right one from there: nobody guesses those."""
        if not self._limiter.hit(self._refusals, client):
            raise self._refused(self._refusals, client)

    def admit_login(self, client: str, name: str | None = None) -> None:
        """Before looking at a password: too many have been wrong from this address, or for this name."""
        if not self._limiter.test(self._logins, client):
            raise self._refused(self._logins, client)
        if name is not None and not self._limiter.test(self._guesses, name):
            raise self._refused(self._guesses, name)

    def wrong_login(self, client: str, name: str | None = None) -> None:
        """Signing in failed."""
        self._limiter.hit(self._logins, client)
        if name is not None:
            self._limiter.hit(self._guesses, name)

    def _refused(self, limit: RateLimitItem, *whom: str) -> ApiError:
        wait = max(1, math.ceil(self._limiter.get_window_stats(limit, *whom).reset_time - time.time()))
        message = (
            f"Too many {limit.namespace}: at most {limit.amount} in {limit.get_expiry()} s; come again in {wait} s"
        )
        return ApiError(429, "too_many_requests", message, headers={"Retry-After": str(wait)})
