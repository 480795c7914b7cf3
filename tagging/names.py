"""Names shared by every part: topics, HBase rows and columns. One place, so that a reader and a writer cannot differ."""

from __future__ import annotations

import hashlib
import re

from tagging.tag_reads import parse_tag_source

EVENTS_TOPIC = "events"
CLOCK_TOPIC = "clock"
PREDICTIONS_TOPIC = "predictions"
"""Served scores with the features that they were made of: what is later joined with what happened."""
EXAMPLES_TOPIC = "examples"
"""Predictions with the label that what happened gave them. One partition: the order of learning is part of what is learned."""
CDC_PREFIX = "cdc"
SIGNALS_TOPIC = "cdc.signals"
"""What Debezium is asked for while it runs, such as to read a table that it did not follow before. One partition."""
REGISTRY_TOPIC = "registry"
"""Row changes of the registry of tags, whatever wrote them: who waits for a change is woken by any message."""
CROWD_DELTAS_TOPIC = "crowd_deltas"
"""Users who entered a watched crowd or left it, by user."""
ERASURES_TOPIC = "erasures"
"""Who was erased, by subject (see `tagging.erasure`): what every sink asks before it writes. One partition."""
IDENTITIES_TOPIC = "identities"
"""Which person each merged id belongs to (see `tagging.identity`): every source with users is read with it. One partition."""
TAG_TOPIC_PATTERN = r"^tag\.[a-z][a-z0-9_]{0,62}\.v[0-9]+$"
CLOCK_SHARDS = 64
"""Ticks a minute; a row's shard is a fixed function of its place in the log, so that expiry spreads over all cores."""

TAG_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
RESERVED_TAG_NAMES = frozenset({"validate"})
"""The API has paths of its own in these places, so that such a tag could not be read there."""
_TAG_TOPIC = re.compile(r"tag\.([a-z][a-z0-9_]{0,62})\.v([0-9]+)")


def tag_topic(tag: str, version: int) -> str:
    """The upsert topic of one tag version."""
    return f"tag.{tag}.v{version}"


def parse_tag_topic(topic: str) -> tuple[str, int]:
    """(tag, version) of a tag topic. Raises ValueError for any other topic."""
    found = _TAG_TOPIC.fullmatch(topic)
    if not found:
        raise ValueError(f"not a tag topic: {topic!r}; expected tag.<name>.v<version>")
    return found[1], int(found[2])


def cdc_topic(table: str, database: str = "shop") -> str:
    """The topic of one source table's row changes."""
    return f"{CDC_PREFIX}.{database}.{table}"


def source_topic(source: str, database: str = "shop") -> str:
    """The topic behind a source (or the clock, the identities, or a tag version that is read)."""
    if tag := parse_tag_source(source):
        return tag_topic(*tag)
    return source if source in (EVENTS_TOPIC, CLOCK_TOPIC, IDENTITIES_TOPIC) else cdc_topic(source, database)


def source_of(topic: str) -> str:
    """The source behind a topic, whichever the database; the topic itself where it is no table's."""
    return topic.rsplit(".", 1)[-1] if topic.startswith(f"{CDC_PREFIX}.") else topic


def consumer_group(job: str, source: str) -> str:
    """The consumer group under which a job commits its place in a source, at each checkpoint."""
    return f"tagstream.{job}.{source}"


def profile_row(user_id: str) -> bytes:
    """The HBase row of a user: two hex digits of a hash, then the id, so that ids in sequence spread over regions."""
    return (hashlib.md5(user_id.encode(), usedforsecurity=False).hexdigest()[:2] + ":" + user_id).encode()


def profile_rows(bucket: int) -> tuple[bytes, bytes]:
    """The first HBase row of a bucket of users, and the first that is behind it. The bucket is the hash's first byte."""
    return f"{bucket:02x}:".encode(), f"{bucket:02x};".encode()


def profile_user(row: bytes) -> str:
    """The user of an HBase row; the inverse of `profile_row`."""
    return row.decode()[3:]


def profile_column(tag: str, version: int) -> bytes:
    """The HBase column of one tag version: family `t`, qualifier `<tag>.v<version>`."""
    return f"t:{tag}.v{version}".encode()
