"""Settles what a lost run of a job said last: after a restart from a checkpoint, those values are recomputed and put right.

See `tagging.lost_run` for why a restarted job alone does not. The values go into the tag's topic, so that every reader of it,
store or job, comes to them as to any other. May be repeated, and killed at any point.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Protocol

from jobs.barrier import CLOCK_SKEW_MS, Barrier
from jobs.checkpoints import completed_ms
from jobs.flink_environment import CHECKPOINT_TIMEOUT_MS
from stores import logs
from stores.flink import Cancels, FlinkError, Restored, open_jobs
from stores.job_restarts import JobRestart
from stores.tag_topics import Cut, Place
from tagging.compiler import CompiledTag
from tagging.log_message import LogMessage
from tagging.lost_run import Said, message_of, outdone, said_again, unrepeated, user_of, value_of
from tagging.names import tag_topic
from tagging.parity import same

RUNNING_SECONDS = 120
CUTS = 2
log = logs.get("jobs.settling")

Values = Mapping[str, Mapping[str, Any]]
"""tag -> user_id -> value."""


class Cluster(Cancels, Protocol):
    """What is asked of Flink; `stores.flink.FlinkCluster` is the real one."""

    def restored(self, job_id: str) -> Restored | None: ...


class Restarts(Protocol):
    """Which restarts are known; `stores.job_restarts.JobRestarts` is the real one."""

    def newest(self, job: str) -> JobRestart | None: ...

    def settled_ms(self, job: str) -> int: ...

    def since_ms(self, job: str) -> int | None: ...

    def note(self, restart: JobRestart) -> None: ...

    def settle(self, restart: JobRestart, compared: int, corrected: int) -> None: ...


class Topics(Protocol):
    """The tags' topics; `stores.tag_topics.TagTopics` is the real one."""

    def at(self, topics: Collection[str], ms: int) -> Mapping[str, Cut]: ...

    def end(self, topics: Collection[str]) -> Mapping[str, Cut]: ...

    def read(self, topic: str, begin: Cut, end: Cut) -> Iterable[LogMessage]: ...

    def write(self, topic: str, messages: Mapping[bytes, bytes | None]) -> dict[bytes, Place]: ...


class Settled(NamedTuple):
    """How many values of the lost run were compared, and how many of them were wrong and corrected."""

    compared: int
    corrected: int


@dataclass
class _Looked:
    """What is looked into: by topic, where it was read to, the last word of each key, and what it should be."""

    until: dict[str, Cut]
    last: dict[str, dict[bytes, Said]] = field(default_factory=dict)
    right: dict[str, dict[bytes, Any]] = field(default_factory=dict)

    def count(self) -> int:
        return sum(map(len, self.last.values()))


class Settler:
    """Knows which restarts are to be settled, and settles them.

    `passed`: waits until a job has passed a barrier that it takes. `recompute`: the values of these users at a barrier.
    """

    def __init__(
        self,
        cluster: Cluster,
        restarts: Restarts,
        topics: Topics,
        passed: Callable[[str, Sequence[CompiledTag]], Barrier],
        recompute: Callable[[Mapping[str, set[str]], Sequence[CompiledTag], Barrier], Values],
    ) -> None:
        self._cluster = cluster
        self._restarts = restarts
        self._topics = topics
        self._passed = passed
        self._recompute = recompute

    def pending(self, job: str) -> JobRestart | None:
        """The job's newest restart, with the earliest `since_ms` of those that are not settled; None when all are. Waits while the
        job is being started. A job that reads the log from its beginning is settled as well: another may have gone before it.

        Raises FlinkError, MySQLUnavailable.
        """
        running = next((found for found in open_jobs(self._cluster) if found.name == job), None)
        if running is None:
            return None
        # One that is just starting, or being restarted, does not know yet what it goes on from.
        self._cluster.await_state(running.id, "RUNNING", RUNNING_SECONDS)
        restored = self._cluster.restored(running.id)
        known, began_ms = self._restarts.newest(job), restored.at_ms if restored else running.started_at_ms
        if known is None or known.restored_ms < began_ms:
            since, times = 0, 0
            if restored:
                since = self._settled_before(job) if self._missed(known, running.id, restored) else _since(restored)
                times = restored.times
            known = JobRestart(job, began_ms, running.id, times, since)
            self._restarts.note(known)
        since_ms = self._restarts.since_ms(job)
        return None if since_ms is None else replace(known, since_ms=since_ms)

    def settle(self, restart: JobRestart, tags: Sequence[CompiledTag]) -> Settled:
        """Put right what lost runs of the job said last. `tags`: all that it carries.

        Raises BarrierNotPassed, FlinkError, KafkaUnavailable and MySQLUnavailable; nothing is settled then.
        """
        again_ms = restart.restored_ms + CLOCK_SKEW_MS
        named = {tag_topic(tag.definition.name, tag.definition.version): tag for tag in tags}
        begins, again = self._topics.at(named, restart.since_ms), self._topics.at(named, again_ms)
        # Where nothing was said before the job began, there is nothing to wait for: a new version's job is not held up.
        named = {topic: tag for topic, tag in named.items() if again[topic] != begins[topic]}
        looked = _Looked(dict(self._topics.end(named)))
        for topic, end in looked.until.items():
            looked.last[topic] = unrepeated(self._topics.read(topic, begins[topic], end), again_ms)
        # A value that flaps may come back before the job says that it went: at one cut its last word is then not the truth, and
        # yet is right. At a second cut, that lies behind where the job was at the first, it is.
        compared, *_ = [self._compare(looked, named, restart.job, tags) for _ in range(CUTS)]
        corrected = self._correct(looked)
        self._restarts.settle(restart, compared, corrected)
        log.info("restart_settled", job=restart.job, compared=compared, corrected=corrected)
        return Settled(compared, corrected)

    def _compare(self, looked: _Looked, named: Mapping[str, CompiledTag], job: str, tags: Sequence[CompiledTag]) -> int:
        """Leave in `looked` those alone whose last word is not what batch says at a new cut; how many were compared."""
        if not looked.count():
            return 0
        barrier = self._passed(job, tags)
        self._drop_spoken(looked)
        compared = looked.count()
        chosen = {topic: tag for topic, tag in named.items() if looked.last[topic]}
        users = {tag.definition.name: {user_of(key) for key in looked.last[topic]} for topic, tag in chosen.items()}
        values = self._recompute(users, list(chosen.values()), barrier) if chosen else {}
        for topic, tag in chosen.items():
            of_tag = values.get(tag.definition.name, {})
            looked.right[topic] = {key: of_tag.get(user_of(key)) for key in looked.last[topic]}
            looked.last[topic] = {
                key: said
                for key, said in looked.last[topic].items()
                if not same(value_of(said.value), looked.right[topic][key])
            }
        return compared

    def _drop_spoken(self, looked: _Looked) -> None:
        """Forget the keys that the job has spoken of since."""
        ends = self._topics.end(looked.last)
        for topic, said in looked.last.items():
            spoken = said_again(self._topics.read(topic, looked.until[topic], ends[topic])) if said else ()
            looked.last[topic] = {key: word for key, word in said.items() if key not in spoken}
        looked.until.update(ends)

    def _correct(self, looked: _Looked) -> int:
        """Say the right value of each key that is left, and return how many those are."""
        if not looked.count():
            return 0
        self._drop_spoken(looked)
        for topic, said in looked.last.items():
            self._say(topic, {key: message_of(key, looked.right[topic][key]) for key in said}, looked.until[topic])
        return looked.count()

    def _say(self, topic: str, saying: Mapping[bytes, bytes | None], seen: Cut) -> None:
        """Write these messages. What the job has said since `seen` goes before them."""
        while saying:
            ours = self._topics.write(topic, saying)
            end = self._topics.end([topic])[topic]
            saying = {key: said.value for key, said in outdone(self._topics.read(topic, seen, end), ours).items()}
            seen = end

    def _missed(self, known: JobRestart | None, flink_job_id: str, restored: Restored) -> bool:
        """Whether the job went on from a checkpoint at times that nobody noted."""
        if known is None or known.flink_job_id == flink_job_id:
            return restored.times - (known.times if known else 0) > 1
        with suppress(FlinkError):
            before = self._cluster.restored(known.flink_job_id)
            return restored.times > 1 or before is None or before.times != known.times
        return True

    def _settled_before(self, job: str) -> int:
        return max(0, self._restarts.settled_ms(job) - CLOCK_SKEW_MS)


def _since(restored: Restored) -> int:
    """From when on what was said may have come after the checkpoint. 0 when nobody knows how old that is."""
    triggered = restored.triggered_ms
    if triggered is None:
        with suppress(OSError, ValueError):
            completed = completed_ms(restored.path)
            triggered = completed - CHECKPOINT_TIMEOUT_MS if completed else None
    return 0 if triggered is None else max(0, triggered - CLOCK_SKEW_MS)
