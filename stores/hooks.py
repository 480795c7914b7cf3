"""Webhooks of crowds in MySQL: the API says which, a job notes what each has taken. Secrets are in no text but their own column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from sqlalchemy import Row, delete, func, insert, select, update

from stores.crowd_tables import DeliveryRow, HookRow
from stores.mysql import ANSWER_SECONDS
from stores.registry.engine import engine, naming_failures
from stores.registry.times import ms_of, time_of
from stores.settings import Settings
from tagging.webhooks import MOST_OF_A_CROWD, Delivery, Hook, State, TooManyHooks

LONGEST_CAUSE = 1_000


class Hooks(Protocol):
    """What is asked of the table."""

    def of(self, crowd: str) -> Sequence[Hook]:
        """A crowd's, the oldest first."""

    def add(self, hook: Hook) -> None:
        """Raises TooManyHooks."""

    def remove(self, id: str) -> None:
        """With its deliveries."""

    def replay(self, hook: Hook, after: int) -> None:
        """Send what comes after a sequence, again, whatever the hook took; one that is dead is active again."""

    def due(self, at_ms: int) -> Sequence[Hook]:
        """Those that may be sent to now, the oldest first."""

    def note(self, before: Hook, after: Hook, delivery: Delivery | None) -> bool:
        """How far a hook has come, and what became of a delivery; False where it was replayed or removed in between."""

    def deliveries(self, hook: str, before: int | None, limit: int) -> Sequence[Delivery]:
        """At most `limit` of a hook with a number below `before`, the newest first."""

    def forget(self, before_ms: int) -> None:
        """Remove deliveries that ended before."""


class HookTable:
    """See `Hooks`. Every method raises MySQLUnavailable while MySQL is away."""

    def __init__(self, settings: Settings, answer_seconds: float = ANSWER_SECONDS) -> None:
        self._settings = settings
        self._engine = engine(settings, answer_seconds)

    def close(self) -> None:
        """Close the connections that lie idle."""
        self._engine.dispose()

    def of(self, crowd: str) -> Sequence[Hook]:
        """See `Hooks`."""
        return self._hooks(HookRow.crowd == crowd)

    def add(self, hook: Hook) -> None:
        """See `Hooks`."""
        there = select(func.count()).select_from(HookRow).where(HookRow.crowd == hook.crowd)
        values = {name: getattr(hook, name) for name in ("id", "crowd", "url", "secret", "who")}
        values |= {"created_at": time_of(hook.created_at_ms), **_progress(hook)}
        with naming_failures(self._settings), self._engine.begin() as connection:
            if connection.execute(there).scalar_one() >= MOST_OF_A_CROWD:
                raise TooManyHooks(f"the crowd {hook.crowd} has {MOST_OF_A_CROWD} hooks")
            connection.execute(insert(HookRow).values(**values))

    def remove(self, id: str) -> None:
        """See `Hooks`."""
        with naming_failures(self._settings), self._engine.begin() as connection:
            connection.execute(delete(DeliveryRow).where(DeliveryRow.hook == id))
            connection.execute(delete(HookRow).where(HookRow.id == id))

    def replay(self, hook: Hook, after: int) -> None:
        """See `Hooks`."""
        again = {"after": after, "state": State.ACTIVE.value, "attempts": 0, "next_at": time_of(0), "cause": ""}
        with naming_failures(self._settings), self._engine.begin() as connection:
            connection.execute(update(HookRow).where(HookRow.id == hook.id).values(**again))

    def due(self, at_ms: int) -> Sequence[Hook]:
        """See `Hooks`."""
        return self._hooks(HookRow.state == State.ACTIVE.value, HookRow.next_at <= time_of(at_ms))

    def note(self, before: Hook, after: Hook, delivery: Delivery | None) -> bool:
        """See `Hooks`."""
        same = (HookRow.id == before.id, HookRow.after == before.after, HookRow.attempts == before.attempts)
        same += (HookRow.watch == before.watch, HookRow.state == before.state.value)
        with naming_failures(self._settings), self._engine.begin() as connection:
            noted = connection.execute(update(HookRow).where(*same).values(**_progress(after))).rowcount == 1
            if noted and delivery is not None:
                names = ("hook", "watch", "first_sequence", "last_sequence", "attempts", "delivered")
                values = {name: getattr(delivery, name) for name in names}
                values |= {"cause": delivery.cause[:LONGEST_CAUSE], "ended_at": time_of(delivery.ended_at_ms)}
                connection.execute(insert(DeliveryRow).values(**values))
        return noted

    def deliveries(self, hook: str, before: int | None, limit: int) -> Sequence[Delivery]:
        """See `Hooks`."""
        query = select(DeliveryRow.__table__).where(DeliveryRow.hook == hook)
        if before is not None:
            query = query.where(DeliveryRow.number < before)
        with naming_failures(self._settings), self._engine.connect() as connection:
            rows = connection.execute(query.order_by(DeliveryRow.number.desc()).limit(limit)).all()
        return [
            Delivery(
                hook=row.hook,
                watch=row.watch,
                first_sequence=row.first_sequence,
                last_sequence=row.last_sequence,
                attempts=row.attempts,
                delivered=row.delivered,
                cause=row.cause,
                ended_at_ms=ms_of(row.ended_at),
                number=row.number,
            )
            for row in rows
        ]

    def forget(self, before_ms: int) -> None:
        """See `Hooks`."""
        with naming_failures(self._settings), self._engine.begin() as connection:
            connection.execute(delete(DeliveryRow).where(DeliveryRow.ended_at < time_of(before_ms)))

    def _hooks(self, *where: Any) -> list[Hook]:
        query = select(HookRow.__table__).where(*where).order_by(HookRow.created_at, HookRow.id)
        with naming_failures(self._settings), self._engine.connect() as connection:
            return [_hook(row) for row in connection.execute(query).all()]


def _progress(hook: Hook) -> dict[str, Any]:
    return {
        "watch": hook.watch,
        "after": hook.after,
        "state": hook.state.value,
        "attempts": hook.attempts,
        "next_at": time_of(hook.next_at_ms),
        "cause": hook.cause[:LONGEST_CAUSE],
    }


def _hook(row: Row[Any]) -> Hook:
    return Hook(
        id=row.id,
        crowd=row.crowd,
        url=row.url,
        secret=row.secret,
        who=row.who,
        created_at_ms=ms_of(row.created_at),
        watch=row.watch,
        after=row.after,
        state=State(row.state),
        attempts=row.attempts,
        next_at_ms=ms_of(row.next_at),
        cause=row.cause,
    )
