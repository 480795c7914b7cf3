"""The API on the real stores. Nothing connects before it is first asked."""

from __future__ import annotations

from api.health_ports import Check
from api.live.access import MySQLAccess
from api.live.answering import Answering
from api.live.behaviour import ClickHouseBehaviour
from api.live.checks import ClickHouseCheck, ConnectCheck, FlinkCheck, HBaseCheck, KafkaCheck, LagCheck, MySQLCheck
from api.live.clickhouse import ClickHouseActivities, ClickHouseStatistics, ClickHouseUsers, Queries
from api.live.controller import ControllerCheck
from api.live.crowd_times import live_crowd_times
from api.live.crowds import ClickHouseCrowds, MySQLCrowds
from api.live.event_log import KafkaEventLog
from api.live.flink_jobs import FlinkJobStates
from api.live.lags import KafkaLags
from api.live.learning import AnsweringSnapshots, ClickHouseLearning
from api.live.ledger import ClickHouseLedger
from api.live.models import AnsweringModels, KafkaPredictionLog
from api.live.numbers import MySQLNumbers
from api.live.operations import operations
from api.live.parity import MySQLParity
from api.live.profiles import HBaseProfiles
from api.live.publishing import AnsweringPreviews, AnsweringTags
from api.live.purchases import live_purchases
from api.live.queries import analysis
from api.live.registry import ANSWER_SECONDS, BuiltinTags, RegisteredTags
from api.live.replays import KafkaReplays
from api.live.user_history import ClickHouseUserHistory
from api.ports import Stores
from api.prediction_ports import Predicting
from api.publishing_ports import Publishing
from stores.erasures import ErasureTable
from stores.identities import IdentityTable
from stores.models.feature_reports import FeatureReports
from stores.models.registry import ModelRegistry
from stores.models.snapshots import ModelSnapshots
from stores.registry.previews import PreviewTable
from stores.registry.store import TagRegistry
from stores.settings import Settings
from tagging.lifecycle import Policy


def live_stores(settings: Settings) -> Stores:
    """Everything the API needs, at the addresses of the settings."""
    queries = Queries(settings)
    registry = TagRegistry(settings, ANSWER_SECONDS)
    publishing = Publishing(
        versions=AnsweringTags(registry),
        previews=AnsweringPreviews(PreviewTable(settings, ANSWER_SECONDS)),
        replays=KafkaReplays(settings),
        policy=Policy(settings.publishing.approval_required, int(settings.publishing.rollback_hours * 3_600_000)),
    )
    lags = KafkaLags(settings)
    jobs = FlinkJobStates(settings)
    checks: list[Check] = [
        KafkaCheck(settings),
        HBaseCheck(settings),
        ClickHouseCheck(settings),
        MySQLCheck(settings),
        FlinkCheck(settings, jobs),
        LagCheck(lags),
        ControllerCheck(settings),
    ]
    if settings.cdc_format == "debezium":
        checks.append(ConnectCheck(settings))
    return Stores(
        profiles=HBaseProfiles(settings),
        numbers=MySQLNumbers(settings),
        users=ClickHouseUsers(queries),
        statistics=ClickHouseStatistics(queries),
        events=KafkaEventLog(settings),
        registry=RegisteredTags(registry, BuiltinTags()),
        activities=ClickHouseActivities(queries),
        lags=lags,
        jobs=jobs,
        crowds=MySQLCrowds(settings),
        crowd_users=ClickHouseCrowds(settings),
        history=ClickHouseUserHistory(queries),
        behaviour=ClickHouseBehaviour(settings),
        access=MySQLAccess(settings, ANSWER_SECONDS),
        parity=MySQLParity(settings),
        ledger=ClickHouseLedger(queries, settings.flink.deduplicate_days),
        checks=checks,
        publishing=publishing,
        analysis=analysis(settings),
        operations=operations(settings, queries),
        crowd_times=live_crowd_times(settings),
        predicting=Predicting(
            AnsweringModels(ModelRegistry(settings, ANSWER_SECONDS)),
            KafkaPredictionLog(settings),
            AnsweringSnapshots(ModelSnapshots(settings, ANSWER_SECONDS)),
            ClickHouseLearning(queries),
            live_purchases(queries),
            Answering(FeatureReports(settings, ANSWER_SECONDS)),
        ),
        erasures=Answering(ErasureTable(settings, ANSWER_SECONDS)),
        identities=Answering(IdentityTable(settings, ANSWER_SECONDS)),
    )
