"""The documented views: what they are for, their columns, and how each is read for somebody who may see some values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """A column of a view. `type` is ClickHouse's."""

    name: str
    type: str
    about: str


@dataclass(frozen=True)
class View:
    """A view that queries read. `seen_as`: the parameterised view behind it, which takes the sensitivities that may be seen."""

    name: str
    about: str
    columns: tuple[Column, ...]
    seen_as: str | None = None


_USER = (Column("user_no", "UInt32", "The user's number"), Column("user_id", "String", "The user's id"))

VIEWS: Mapping[str, View] = {
    view.name: view
    for view in (
        View(
            "v_profile",
            "One row a user who has a tag: all values of live tags now",
            (
                *_USER,
                Column(
                    "tags", "Map(String, String)", "Each tag's value as text: tags['lifecycle']; '' where there is none"
                ),
                Column("numbers", "Map(String, Float64)", "The same of tags that are numbers: numbers['orders_30d']"),
                Column("changed_at", "DateTime64(3, 'UTC')", "When the newest of them changed"),
            ),
            "seen_profile",
        ),
        View(
            "v_tag_values",
            "One row a user and live tag: the value now",
            (
                Column("tag", "String", "The tag's name"),
                Column("version", "UInt32", "The tag's live version"),
                *_USER,
                Column("value", "String", "The value as text"),
                Column("number", "Nullable(Float64)", "The value, where it is a number"),
                Column("changed_at", "DateTime64(3, 'UTC')", "When it changed to this"),
            ),
            "seen_tag_values",
        ),
        View(
            "v_crowd_members",
            "One row a saved crowd and member, as of built_at (at most some minutes ago)",
            (
                Column("crowd", "String", "The crowd's name"),
                *_USER,
                Column("built_at", "DateTime64(3, 'UTC')", "The time that the members are as of"),
            ),
            "seen_crowd_members",
        ),
        View(
            "v_events",
            "One row an event, however often it was delivered",
            (
                Column("event_id", "String", "The event's id, unique"),
                Column("user_id", "String", "Who did it"),
                Column("event_type", "String", "What was done"),
                Column("item_id", "Nullable(String)", "To what"),
                Column("properties", "Map(String, String)", "What else is known: properties['campaign']"),
                Column("occurred_at", "DateTime64(3, 'UTC')", "When it was done"),
                Column("logged_at", "DateTime64(3, 'UTC')", "When it came into the log"),
            ),
        ),
    )
}
"""By name."""
