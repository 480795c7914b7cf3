"""The API's stores in memory. They pass the contract suite of the real ones (tests/contract/test_api_stores.py)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from api.health_ports import Activity, Check, Finding, Freshness, JobState
from api.live.learning import AnsweringSnapshots
from api.ports import Delivery, NumberedUser, ProfileValue, Stores
from api.prediction_ports import Predicting
from tagging.definition import TagDefinition
from tagging.sight import Sight, Versions
from tests.fakes.breakable import Breakable
from tests.fakes.memory_erasures import MemoryErasures
from tests.fakes.memory_feature_reports import MemoryFeatureReports
from tests.fakes.memory_identities import MemoryIdentities
from tests.fakes.memory_learning import MemoryLearning
from tests.fakes.memory_models import MemoryModels, MemoryPredictionLog
from tests.fakes.memory_operations import MemoryOperations
from tests.fakes.memory_publishing import MemoryPublishing
from tests.fakes.memory_purchases import MemoryPurchases
from tests.fakes.memory_queries import MemoryQueries
from tests.fakes.memory_snapshots import MemorySnapshots
from tests.fakes.memory_statistics import MemoryStatistics, StoredValue


class MemoryProfiles(Breakable):
    """Profiles by user."""

    def __init__(self, values: Mapping[str, Sequence[ProfileValue]]) -> None:
        super().__init__("hbase")
        self.values = dict(values)

    def read(self, user_id: str) -> Sequence[ProfileValue]:
        self.ask()
        return self.values.get(user_id, ())

    def read_many(self, user_ids: Sequence[str]) -> Mapping[str, Sequence[ProfileValue]]:
        return {user_id: self.read(user_id) for user_id in user_ids}


class MemoryUsers(Breakable):
    """Users in order of id."""

    def __init__(self, users: Iterable[NumberedUser]) -> None:
        super().__init__("clickhouse")
        self.users = sorted(users, key=lambda user: user.user_id.encode())

    def search(self, prefix: str, after: str, limit: int) -> Sequence[NumberedUser]:
        self.ask()
        return [
            user for user in self.users if user.user_id.startswith(prefix) and user.user_id.encode() > after.encode()
        ][:limit]

    def total(self) -> int:
        self.ask()
        return len(self.users)


class MemoryNumbers(Breakable):
    """The numbers of the users in a list."""

    def __init__(self, users: MemoryUsers) -> None:
        super().__init__("mysql")
        self._users = users

    def number_of(self, user_id: str) -> int | None:
        self.ask()
        return next((user.user_no for user in self._users.users if user.user_id == user_id), None)


class MemoryEventLog:
    """A log that takes what it is told to take. `lost` are the places in a request that get no acknowledgement."""

    def __init__(self) -> None:
        self.events: list[Mapping[str, Any]] = []
        self.lost: set[int] = set()

    def append(self, events: Sequence[Mapping[str, Any]]) -> Sequence[Delivery]:
        self.events += [event for index, event in enumerate(events) if index not in self.lost]
        return [Delivery("no answer in 5 s" if index in self.lost else None) for index in range(len(events))]


@dataclass
class FixedRegistry:
    """Tags that do not change: the live ones, and versions that are `others`."""

    definitions: Sequence[TagDefinition]
    others: Sequence[TagDefinition] = ()

    def tags(self) -> Sequence[TagDefinition]:
        return self._sight().live

    def version(self, name: str, number: int) -> TagDefinition | None:
        return self._sight().definition(name, number)

    def _sight(self) -> Sight:
        live = {tag.name: tag.version for tag in self.definitions}
        every = [*self.definitions, *self.others]
        return Sight(
            {
                name: Versions(live.get(name), {tag.version: tag for tag in every if tag.name == name})
                for name in {tag.name for tag in every}
            }
        )

    def compiled_sql(self, tag: TagDefinition) -> str | None:
        return f"-- {tag.name}"


class Fixed(Breakable):
    """A store with one answer."""

    def __init__(self, name: str, answer: Any) -> None:
        super().__init__(name)
        self.answer = answer

    def read(self) -> Any:
        self.ask()
        return self.answer

    by_group = read


class FixedJobs(Fixed):
    """Flink's jobs."""

    def problem(self, name: str) -> str | None:
        return next((job.problem for job in self.read() if job.name == name), None)


@dataclass
class FixedCheck:
    """A check that finds what it is told, or raises it, or hangs until `release` is set."""

    name: str
    findings: Sequence[Finding] = ()
    essential: bool = False
    error: Exception | None = None
    hang: Any = None
    runs: list[int] = field(default_factory=list)

    def run(self) -> Sequence[Finding]:
        self.runs.append(1)
        if self.hang is not None:
            self.hang.wait()
        if self.error is not None:
            raise self.error
        return self.findings


_SQL = {
    "decimal": "SELECT user_id, SUM(amount) AS value FROM orders GROUP BY user_id",
    "boolean": "SELECT user_id, TRUE AS value FROM users WHERE city = 'gold'",
}


def definition(name: str, value_type: str = "string", version: int = 1) -> TagDefinition:
    """A tag of this name."""
    return TagDefinition(
        name=name,
        title=name.title(),
        description=f"What {name} says",
        value_type=value_type,
        dimension="behaviour",
        owner="growth",
        sql=_SQL.get(value_type, "SELECT user_id, city AS value FROM users"),
        version=version,
    )


@dataclass
class World:
    """A seeded set of stores, each reachable by a test that wants to break it."""

    profiles: MemoryProfiles
    numbers: MemoryNumbers
    users: MemoryUsers
    statistics: MemoryStatistics
    events: MemoryEventLog
    registry: FixedRegistry
    activities: Fixed
    lags: Fixed
    jobs: Fixed
    crowds: Any
    crowd_users: Any
    history: Any
    behaviour: Any
    access: Any
    parity: Any
    ledger: Any
    crowd_times: Any
    checks: list[Check] = field(default_factory=list)
    publishing: MemoryPublishing = field(default_factory=MemoryPublishing)
    queries: MemoryQueries = field(default_factory=MemoryQueries)
    operations: MemoryOperations = field(default_factory=MemoryOperations)
    reports: MemoryFeatureReports = field(default_factory=MemoryFeatureReports)
    models: MemoryModels = field(init=False)
    predictions: MemoryPredictionLog = field(default_factory=MemoryPredictionLog)
    snapshots: MemorySnapshots = field(default_factory=MemorySnapshots)
    learning: MemoryLearning = field(default_factory=MemoryLearning)
    purchases: MemoryPurchases = field(default_factory=MemoryPurchases)
    erasures: MemoryErasures = field(default_factory=MemoryErasures)
    identities: MemoryIdentities = field(default_factory=MemoryIdentities)

    def __post_init__(self) -> None:
        self.models = MemoryModels(self.reports)

    def stores(self) -> Stores:
        """As the application takes them."""
        return Stores(
            self.profiles,
            self.numbers,
            self.users,
            self.statistics,
            self.events,
            self.registry,
            self.activities,
            self.lags,
            self.jobs,
            self.crowds,
            self.crowd_users,
            self.history,
            self.behaviour,
            self.access,
            self.parity,
            self.ledger,
            self.checks,
            publishing=self.publishing.port(),
            analysis=self.queries.port(),
            operations=self.operations.port(),
            crowd_times=self.crowd_times.port(),
            predicting=Predicting(
                self.models,
                self.predictions,
                AnsweringSnapshots(self.snapshots),
                self.learning,
                self.purchases,
                self.reports,
            ),
            erasures=self.erasures,
            identities=self.identities,
        )


AT_MS = 1_790_000_000_000


def seeded(users: int = 5) -> World:
    """Users u0, u1, ... numbered from 1 with a tier (u0 lost it), a spend, a flag; and `old/one` without a number."""
    from tests.fakes.memory_access import MemoryAccess
    from tests.fakes.memory_behaviour import MemoryBehaviour, made_up
    from tests.fakes.memory_crowd_times import MemoryCrowdTimes
    from tests.fakes.memory_crowds import MemoryCrowds, MemoryCrowdUsers
    from tests.fakes.memory_history import seeded_history
    from tests.fakes.memory_ledger import MemoryLedger
    from tests.fakes.memory_parity import MemoryParityRuns

    rows = []
    profiles: dict[str, list[ProfileValue]] = {"old/one": [ProfileValue("tier", 1, "gold", AT_MS)]}
    for number in range(users):
        user_id = f"u{number}"
        values = {"tier": None if number == 0 else ("gold" if number % 2 else "silver"), "spend": 10.5 * number}
        values["flag"] = number == 1
        rows += [StoredValue(tag, 1, number + 1, user_id, value, AT_MS + number) for tag, value in values.items()]
        profiles[user_id] = [
            ProfileValue(tag, 1, value, AT_MS + number, absent=value is None) for tag, value in values.items()
        ]
        profiles[user_id].append(ProfileValue("tier", 2, "not live yet", AT_MS))
        profiles[user_id].append(ProfileValue("dropped", 1, "no definition", AT_MS))
    known = MemoryUsers(NumberedUser(f"u{number}", number + 1) for number in range(users))
    statistics = MemoryStatistics(rows)
    behaviour = MemoryBehaviour(made_up(users, AT_MS), statistics)
    crowd_users, history = MemoryCrowdUsers(known, statistics, behaviour), seeded_history(AT_MS)
    return World(
        profiles=MemoryProfiles(profiles),
        numbers=MemoryNumbers(known),
        users=known,
        statistics=statistics,
        events=MemoryEventLog(),
        registry=FixedRegistry([definition("tier"), definition("spend", "decimal"), definition("flag", "boolean")]),
        activities=Fixed(
            "clickhouse", Activity(1000, 3, 12.345, 4.5, [(29_833_333, 7), (29_833_334, 0)], Freshness(40, 700, 2500))
        ),
        lags=Fixed("kafka", {"tagstream.sink_profile": 3}),
        jobs=FixedJobs("flink", [JobState("a1", "tagstream.tags", "RUNNING", 60, AT_MS)]),
        crowds=MemoryCrowds(),
        history=history,
        crowd_users=crowd_users,
        crowd_times=MemoryCrowdTimes(known, crowd_users, history),
        behaviour=behaviour,
        access=MemoryAccess(),
        parity=MemoryParityRuns(),
        ledger=MemoryLedger(),
        checks=[FixedCheck("kafka", [Finding("kafka", "ok", "4 topics")], essential=True)],
    )
