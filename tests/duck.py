"""The oracle: DuckDB over a history's plain rows. It shares no text with the compiler and no arithmetic with the windows."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa

from tests.flink_local import Values
from tests.shop_history import History

ORACLE = Path(__file__).parent / "oracle"
_LOG = {"op": pa.string(), "offset": pa.int64(), "logged_at": pa.int64()}
_TYPES = {
    **_LOG,
    **dict.fromkeys(("occurred_at", "registered_at", "updated_at", "ordered_at", "scored_at"), pa.int64()),
    **dict.fromkeys(("birth_year", "quantity", "version"), pa.int32()),
    **dict.fromkeys(("price", "amount", "discount"), pa.decimal128(12, 2)),
    "score": pa.decimal128(7, 6),
    "properties": pa.map_(pa.string(), pa.string()),
}
_COLUMNS = {
    "events": "event_id user_id event_type item_id properties occurred_at",
    "users": "user_id gender birth_year city country signup_channel referred_by email phone registered_at updated_at",
    "products": "product_id title category brand price updated_at",
    "orders": "order_id user_id product_id quantity amount discount coupon status shipping_address ordered_at updated_at",
    "scores": "score_id user_id model version class score scored_at",
}


class Duck:
    """A history to ask questions of."""

    def __init__(self, history: History) -> None:
        self.connection = duckdb.connect()
        for source, rows in history.rows.items():
            schema = pa.schema([(name, _TYPES.get(name, pa.string())) for name in [*_COLUMNS[source].split(), *_LOG]])
            typed = [{name: _typed(schema.field(name).type, row.get(name)) for name in schema.names} for row in rows]
            self.connection.register(f"{source}_log", pa.Table.from_pylist(typed, schema=schema))
        named = pa.schema([("user_id", pa.string()), ("canonical", pa.string()), ("change", pa.int64())])
        people = [{name: row[name] for name in named.names} for row in history.identities]
        self.connection.register("identities_log", pa.Table.from_pylist(people, schema=named))
        for statement in (ORACLE / "sources.sql").read_text(encoding="utf-8").split(";\n"):
            if statement.strip():
                self.connection.execute(statement, {"now_ms": history.now_ms} if "$now_ms" in statement else None)

    def values(self, query: str) -> dict[str, object]:
        """user_id -> value of a query of these two columns. Who has no value is left out."""
        rows = self.connection.execute(query).fetchall()
        held = {user_id: value for user_id, value in rows if user_id is not None and value is not None}
        assert len(held) == sum(user_id is not None and value is not None for user_id, value in rows)
        return held


def _typed(wanted: pa.DataType, value: object) -> object:
    if value is None:
        return None
    if pa.types.is_decimal(wanted):
        return Decimal(str(value))
    return list(value.items()) if pa.types.is_map(wanted) else value


def differences(found: Values, wanted: Values) -> list[str]:
    """Every user whose value is not the wanted one."""
    return [
        f"{tag} of {user!r}: got {found.get(tag, {}).get(user)!r}, wanted {users.get(user)!r}"
        for tag, users in wanted.items()
        for user in sorted(found.get(tag, {}).keys() | users.keys())
        if _differ(found.get(tag, {}).get(user), users.get(user))
    ]


def _differ(found: object, wanted: object) -> bool:
    return found != wanted or isinstance(found, bool) != isinstance(wanted, bool)
