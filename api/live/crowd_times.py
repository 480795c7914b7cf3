"""Crowds over time on the real stores."""

from __future__ import annotations

from api.crowd_ports import CrowdTimes
from api.live.answering import Answering
from api.live.clickhouse import PATIENCE_SECONDS
from api.live.crowds import ANSWER_SECONDS as QUERY_SECONDS
from api.live.registry import ANSWER_SECONDS
from stores.clickhouse import connect
from stores.delta_ledger import DeltaLedger
from stores.hooks import HookTable
from stores.past_crowds import PastCrowds
from stores.settings import Settings
from stores.snapshot_users import SnapshotUsers
from stores.snapshots import SnapshotTable
from stores.watches import WatchTable


def live_crowd_times(settings: Settings) -> CrowdTimes:
    """At the addresses of the settings. Nothing connects before it is first asked."""
    client = connect(settings, QUERY_SECONDS, PATIENCE_SECONDS)
    return CrowdTimes(
        snapshots=Answering(SnapshotTable(settings, ANSWER_SECONDS)),
        users=Answering(SnapshotUsers(client)),
        past=Answering(PastCrowds(client)),
        watches=Answering(WatchTable(settings, ANSWER_SECONDS)),
        deltas=Answering(DeltaLedger(client)),
        hooks=Answering(HookTable(settings, ANSWER_SECONDS)),
    )
