"""A user erased from real stores: nothing is found in any of them afterwards, and a replay of the log brings nobody back."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass

import orjson
import pytest

from jobs.erasing.kept import kept_of
from jobs.erasing.stores import stores_of
from jobs.erasing.worker import EraseWorker
from jobs.sink_profile import ProfileSink
from jobs.sink_values import ValueSink
from jobs.suppression import Suppressing, Tombstones
from stores import kafka
from stores.clickhouse import connect
from stores.erased_mysql import ErasedInMySQL
from stores.erased_rows import ErasedRows
from stores.erased_users import ErasedUsers
from stores.erasures import ErasureTable
from stores.hbase import ProfileStore
from stores.kafka_reader import KafkaReader
from stores.kafka_results import read_messages
from stores.registry.schema import migrate
from stores.settings import Erasure as ErasureSettings
from stores.settings import Settings
from stores.user_numbers import UserNumbers
from tagging.erasure import KEEPERS, STORES, Erasure, State, StepState
from tagging.names import tag_topic
from tests.conftest import RunningStack

pytestmark = pytest.mark.stack

READ_SECONDS = 30


@dataclass
class Log:
    """A tag's topic, and the sinks that read it from its beginning."""

    settings: Settings
    profiles: ProfileStore
    tag: str

    @property
    def topic(self) -> str:
        return tag_topic(self.tag, 1)

    def say(self, user_id: str, value: str) -> None:
        producer = kafka.Producer(self.settings)
        producer.send(self.topic, orjson.dumps({"user_id": user_id, "value": value}), user_id)
        producer.flush()

    def replay(self) -> None:
        """Everything in the topic, and what the sinks answer, by sinks that have read nothing before."""
        answer = Tombstones(kafka.Producer(self.settings), lambda batch: (item.change for item in batch))
        values = ValueSink(connect(self.settings), UserNumbers(self.settings))
        for inner, answers in ((values, answer), (ProfileSink(self.profiles), None)):
            erased = ErasedUsers(self.settings)
            sink = Suppressing(inner, erased, answers)
            sink.open()
            reader = KafkaReader(self.settings, f"replay.{uuid.uuid4().hex}", (self.topic,))
            read, until = 0, time.monotonic() + READ_SECONDS
            while read < sum(kafka.end_offsets(self.settings, [self.topic])[self.topic].values()):
                assert time.monotonic() < until
                records = reader.read(1_000, 0.1)
                if records:
                    sink.write(*sink.decode(records))
                    read += len(records)
            reader.close()
            erased.close()

    def newest(self) -> dict[str, bytes | None]:
        return {message.key().decode(): message.value() for message in read_messages(self.settings, self.topic)}


@pytest.fixture
def log(stack: RunningStack):
    # The stack's own secret: its sinks read the same topic.
    assert stack.settings.erasure.secret.get_secret_value()
    erasure = stack.settings.erasure.model_copy(update={"settle_seconds": 0})
    settings = stack.settings.model_copy(update={"erasure": erasure})
    migrate(settings)
    tag = f"erased_{uuid.uuid4().hex[:8]}"
    kafka.ensure_tag_topics(settings, [(tag, 1)])
    with ProfileStore(settings.hbase) as profiles:
        profiles.create_table()
        yield Log(settings, profiles, tag)


def erased(log: Log, user_id: str) -> Erasure:
    """The erasure of a user, carried out to its end."""
    table = ErasureTable(log.settings)
    rows = ErasedRows(connect(log.settings))
    rows.open()
    subject = table.subject_of(user_id).hex()
    asked = table.ask(Erasure(uuid.uuid4().hex, subject, user_id, "test", 1))
    worker = EraseWorker(
        table,
        stores_of(log.settings, rows, log.profiles),
        ErasedInMySQL(log.settings).number,
        lambda user_id: "",
        lambda erasure: kept_of(log.settings, erasure, 1),
        lambda: True,
        lambda: int(time.time() * 1000),
        0,
    )
    until = time.monotonic() + 120
    while (found := table.read(asked.id)).state is not State.COMPLETE:
        assert time.monotonic() < until, found
        worker.step()
    return found


def test_an_erased_user_is_in_no_store_and_a_replay_of_the_log_brings_nobody_back(log):
    gone, stays = f"gone-{uuid.uuid4().hex}", f"stays-{uuid.uuid4().hex}"
    for user_id in (gone, stays):
        log.say(user_id, "gold")
    log.replay()
    assert log.profiles.profile(gone)
    certificate = erased(log, gone)
    assert certificate.user_id is None
    assert {certificate.steps[store].state for store in STORES} == {StepState.DONE}
    assert set(KEEPERS) <= set(certificate.steps)
    assert certificate.steps["profiles"].removed == 1
    assert certificate.steps["clickhouse"].removed > 0
    log.say(gone, "from the log of another life")
    log.replay()
    assert log.profiles.profile(gone) == {}
    assert log.newest()[gone] is None
    rows = ErasedRows(connect(log.settings))
    rows.open()
    rows.begin(gone, None)
    assert set(rows.rows().values()) == {0}
    rows.end()
    assert ErasedInMySQL(log.settings).left(gone) == 0
    assert log.profiles.profile(stays)
    assert log.newest()[stays] is not None


def test_a_process_with_another_secret_stops_instead_of_writing(log):
    erased(log, f"gone-{uuid.uuid4().hex}")
    other = log.settings.model_copy(update={"erasure": ErasureSettings(secret="another")})
    with pytest.raises(ValueError, match="must never change"):
        ErasedUsers(other).among(["somebody"])
