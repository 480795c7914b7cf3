"""The demo in the terminal: tags with their counts, one user whose tags change, and how far everything lags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from deploy.demo.watch import Followed, TagCount


@dataclass(frozen=True)
class Look:
    """Everything that one refresh shows. `problem`: why a part of it is missing."""

    tags: Sequence[TagCount] = ()
    overview: Mapping[str, Any] = field(default_factory=dict)
    followed: Followed = field(default_factory=Followed)
    problem: str | None = None


def render(look: Look, first: Mapping[str, int], before: Mapping[str, int], address: str, stop: str) -> RenderableType:
    """The screen. `first`: each tag's users when the view began; `before`: at the refresh before this one."""
    parts: list[RenderableType] = [_headline(look.overview, address)]
    if look.problem:
        parts.append(Text(f"the API does not answer as expected: {look.problem}", style="red"))
    parts.append(Columns([_tags(look.tags, first, before), _user(look.followed)], padding=(0, 2)))
    parts.append(Text(f"Ctrl-C leaves the demo running; {stop} stops it", style="dim"))
    return Group(*parts)


def _headline(overview: Mapping[str, Any], address: str) -> Text:
    def number(name: str) -> str:
        value = overview.get(name)
        return "–" if value is None else f"{value:,.0f}"

    lag = "  ".join(
        f"{group.removeprefix('tagstream.')} {count:,}" for group, count in (overview.get("lag") or {}).items()
    )
    jobs = ", ".join(f"{job['name']} {job['state']}" for job in (overview.get("flink") or {}).get("jobs", ()))
    text = Text()
    text.append("Tagstream  ", style="bold")
    text.append(f"{address}\n", style="cyan underline")
    text.append(f"users {number('users_total')}   events {number('events_total')}   ")
    text.append(f"events/s {number('events_per_second')}   tag changes/s {number('tag_changes_per_second')}   ")
    text.append(f"dead letters {number('dead_letters_total')}\n")
    text.append(f"lag  {lag or '–'}   flink  {jobs or '–'}", style="dim")
    return text


def _tags(tags: Sequence[TagCount], first: Mapping[str, int], before: Mapping[str, int]) -> Table:
    table = Table(title="tags", title_justify="left", show_edge=False, pad_edge=False)
    for name in ("tag", "dimension"):
        table.add_column(name)
    for name in ("users", "since start", "changed"):
        table.add_column(name, justify="right")
    for tag in tags:
        moved = tag.users - before.get(tag.name, tag.users)
        style = "green" if moved > 0 else "red" if moved < 0 else None
        since = tag.users - first.get(tag.name, tag.users)
        changed = (tag.last_changed_at or "–")[11:19] or "–"
        table.add_row(tag.name, tag.dimension, Text(f"{tag.users:,}", style=style or ""), f"{since:+,}", changed)
    return table


def _user(followed: Followed) -> RenderableType:
    if followed.profile is None:
        return Panel("nobody has a tag yet", title="one user")
    fresh = {tag for tag, _, _ in followed.changes[:3]}
    table = Table(show_header=False, show_edge=False, pad_edge=False)
    for tag, (value, _) in sorted(followed.profile.tags.items()):
        table.add_row(tag, Text(_shown(value), style="bold yellow" if tag in fresh else ""))
    news = [Text(f"{tag}: {_shown(old)} → {_shown(new)}", style="yellow") for tag, old, new in followed.changes]
    return Panel(Group(table, Text(""), *news), title=f"user {followed.profile.user_id}", title_align="left")


def _shown(value: Any) -> str:
    return "–" if value is None else "yes" if value is True else "no" if value is False else str(value)
