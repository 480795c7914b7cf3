"""What users bought, from ClickHouse, with failures as the API's ports name them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.live.clickhouse import Queries
from stores.purchases import PurchaseStore


class _Answering:
    """`stores.purchases.Asked` by the API's queries."""

    def __init__(self, queries: Queries) -> None:
        self._queries = queries

    def query(self, name: str, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        return self._queries.rows(name.removeprefix("clickhouse/").removesuffix(".sql"), **dict(parameters or {}))


def live_purchases(queries: Queries) -> PurchaseStore:
    """See `api.prediction_ports.PurchaseHistories`. Its methods raise Unavailable."""
    return PurchaseStore(_Answering(queries))
