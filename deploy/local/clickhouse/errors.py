"""ClickHouse's errors as its HTTP interface reports them."""

from __future__ import annotations

import re

UNSUPPORTED = 48
SYNTAX = 62
TIMEOUT = 159
READONLY = 164
TOO_MANY = 202
CANNOT_DECOMPRESS = 271
NO_SESSION = 372
SESSION_BUSY = 373
UNKNOWN_COMPRESSION = 432
DENIED = 497
NOT_AUTHENTICATED = 516
UNKNOWN = 1002

_CODE = re.compile(r"Code: (\d+)\. DB::")
_STATUS = {
    46: 404, 47: 404, 50: 404, 56: 404, 60: 404, 63: 404, 73: 404, 81: 404, 115: 404, NO_SESSION: 404,
    UNSUPPORTED: 501, TIMEOUT: 408, READONLY: 403, TOO_MANY: 503, SESSION_BUSY: 503, DENIED: 403, NOT_AUTHENTICATED: 401,
}  # fmt: skip
# What the caller wrote is wrong.
_CALLERS = frozenset(
    {
        6,
        16,
        20,
        26,
        27,
        32,
        33,
        36,
        38,
        41,
        42,
        43,
        44,
        53,
        57,
        SYNTAX,
        69,
        70,
        72,
        117,
        130,
        190,
        215,
        386,
        395,
        456,
        457,
    }
    | {CANNOT_DECOMPRESS, UNKNOWN_COMPRESSION}
)


class ClickHouseError(Exception):
    """An error with ClickHouse's code; `text` is what the client reads."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text if text.startswith("Code:") else f"Code: {code}. DB::Exception: {text}"

    @property
    def status(self) -> int:
        """The HTTP status that goes with the code."""
        return _STATUS.get(self.code, 400 if self.code in _CALLERS else 500)


def from_engine(error: Exception) -> ClickHouseError:
    """The engine's own error, with its code."""
    text = str(error)
    # Words of the embedding layer may stand before it.
    found = _CODE.search(text)
    return ClickHouseError(int(found[1]), text[found.start() :]) if found else ClickHouseError(UNKNOWN, text)
