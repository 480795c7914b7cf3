"""What a tag version leaves behind in the log and in the stores, and its removal: `jobs.convergence.Remains` on real ones."""

from __future__ import annotations

from jobs import checkpoints, plans
from jobs.barrier import behind
from jobs.convergence import NotYet
from stores import flink_jobs, kafka, kafka_removal
from stores.clickhouse import ClickHouseClient
from stores.hbase import ProfileStore
from stores.settings import Settings
from tagging.names import tag_topic

SINKS = ("sink_profile", "sink_values")
MOST_CELLS = 100_000
"""Removed in one round: other tags wait no longer than this takes."""


class TagRemains:
    """See `jobs.convergence.Remains`. Raises also what the stores raise while they are away."""

    def __init__(
        self, settings: Settings, profiles: ProfileStore, values: ClickHouseClient, most_cells: int = MOST_CELLS
    ) -> None:
        self._settings = settings
        self._profiles = profiles
        self._values = values
        self._most_cells = most_cells

    def remove(self, tag: str, version: int, job: str, was_live: bool) -> None:
        """See `Remains`. The history of a version that was live stays: it says what readers saw."""
        # The topic first, and when the sinks have written all of it: then nobody writes what is removed after it.
        self._remove_topic(tag_topic(tag, version))
        self._remove_cells(tag, version)
        parameters = {"tag": tag, "version": version}
        for table in ("values", "places") if was_live else ("values", "places", "changes"):
            self._values.command(f"clickhouse/removal/{table}.sql", parameters)
        self._remove_checkpoints(job)

    def _remove_topic(self, topic: str) -> None:
        if not kafka_removal.has_topic(self._settings, topic):
            return
        ends = kafka.end_offsets(self._settings, [topic])
        for sink in SINKS:
            group = f"{self._settings.sinks.group_prefix}.{sink}"
            if left := behind(kafka.committed(self._settings, group, [topic]), ends):
                raise NotYet(f"{group} has {left[topic]} messages of {topic} to write before it can be removed")
        kafka_removal.delete_topic(self._settings, topic)

    def _remove_cells(self, tag: str, version: int) -> None:
        removed = self._profiles.remove(tag, version, self._most_cells)
        if removed == self._most_cells:
            raise NotYet(f"{removed} cells of tag {tag} version {version} removed, and there may be more")

    def _remove_checkpoints(self, job: str) -> None:
        known = flink_jobs.read(self._settings, job)
        if known is None:
            return
        try:
            checkpoints.remove(self._settings.flink.state_dir, known.job_id)
            plans.forget(self._settings.flink.state_dir, job)
        except OSError as error:
            raise NotYet(f"checkpoints and plan of job {job} are not removed: {error}") from error
        flink_jobs.remove(self._settings, job)
