"""The sinks' stores in memory, which can be down. They pass the contract suites of the real ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from threading import Lock
from typing import Any

from stores.clickhouse import ClickHouseUnavailable
from stores.hbase import HBaseUnavailable, Profile, ProfileCell
from stores.mysql import MySQLUnavailable
from tagging.names import profile_row, profile_rows


class Switch:
    """Whether a store answers. `trip` is called before every use and may raise, or do what a test wants done just then."""

    def __init__(self, away: type[Exception]) -> None:
        self._away = away
        self.down_for = 0
        self.trip: Callable[[], None] = lambda: None

    def use(self) -> None:
        """Raises the store's own error while it is down; `down_for` counts the uses that fail."""
        self.trip()
        if self.down_for > 0:
            self.down_for -= 1
            raise self._away("down for a test")


class MemoryProfiles:
    """Profiles in memory, with the interface of ProfileStore: of a cell's writes the one with the highest offset stays."""

    def __init__(self) -> None:
        self.switch = Switch(HBaseUnavailable)
        self.rows: dict[str, Profile] | None = None

    def create_table(self) -> bool:
        self.switch.use()
        created = self.rows is None
        self.rows = self.rows or {}
        return created

    def exists(self) -> bool:
        self.switch.use()
        return self.rows is not None

    def write(self, cells: Mapping[str, Mapping[tuple[str, int], ProfileCell]]) -> int:
        self.switch.use()
        for user_id, of_user in cells.items():
            held = self._rows().setdefault(user_id, {})
            for tag, cell in of_user.items():
                if tag not in held or held[tag].offset <= cell.offset:
                    held[tag] = cell
        return sum(map(len, cells.values()))

    def profile(self, user_id: str) -> Profile:
        return self.profiles([user_id])[user_id]

    def profiles(self, user_ids: Sequence[str]) -> dict[str, Profile]:
        self.switch.use()
        return {user_id: dict(self._rows().get(user_id, {})) for user_id in user_ids}

    def scan(
        self, tags: Iterable[tuple[str, int]] | None = None, rows_a_call: int = 2_000, bucket: int | None = None
    ) -> Iterator[tuple[str, Profile]]:
        self.switch.use()
        wanted = None if tags is None else set(tags)
        start, stop = (b"", b"\xff") if bucket is None else profile_rows(bucket)
        for user_id in sorted(self._rows(), key=profile_row):
            if not start <= profile_row(user_id) < stop:
                continue
            held = {tag: cell for tag, cell in self._rows()[user_id].items() if wanted is None or tag in wanted}
            if held:
                yield user_id, held

    def remove(self, tag: str, version: int, most: int) -> int:
        found = [user_id for user_id, _ in self.scan([(tag, version)])][:most]
        for user_id in found:
            del self._rows()[user_id][tag, version]
        return len(found)

    def _rows(self) -> dict[str, Profile]:
        if self.rows is None:
            raise HBaseUnavailable("no table")
        return self.rows


class MemoryCounter:
    """The tables of user numbers in memory: what several MemoryNumbers share."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.given: dict[str, int] = {}


class MemoryNumbers:
    """User numbers in memory, with the interface of UserNumbers."""

    def __init__(self, counter: MemoryCounter | None = None) -> None:
        self.switch = Switch(MySQLUnavailable)
        self.counter = counter or MemoryCounter()

    def numbers(self, user_ids: Iterable[str]) -> dict[str, int]:
        self.switch.use()
        with self.counter.lock:
            given = self.counter.given
            return {user_id: given.setdefault(user_id, len(given) + 1) for user_id in user_ids}

    def close(self) -> None:
        pass


class MemoryTables:
    """ClickHouse tables in memory: rows as dicts, in the order written, repeats and all."""

    def __init__(self) -> None:
        self.switch = Switch(ClickHouseUnavailable)
        self.rows: dict[str, list[dict[str, Any]]] = {}

    def apply_schema(self) -> None:
        self.switch.use()

    def insert_columns(self, table: str, columns: Mapping[str, Sequence[Any]]) -> int:
        self.switch.use()
        rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
        self.rows.setdefault(table, []).extend(rows)
        return len(rows)

    def newest(self, table: str, key: Sequence[str], version: str | None = None) -> dict[tuple, dict[str, Any]]:
        """What a ReplacingMergeTree comes to: of each key the row of the highest version, of equals the last."""
        found: dict[tuple, dict[str, Any]] = {}
        for row in self.rows.get(table, ()):
            place = tuple(row[name] for name in key)
            if place not in found or version is None or found[place][version] <= row[version]:
                found[place] = row
        return found
