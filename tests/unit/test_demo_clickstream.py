"""The replayed clickstream: reading it, shifting it, and the sessions and products in it."""

import hashlib
import zipfile
from collections import Counter, defaultdict
from pathlib import Path

import orjson
import pytest

from deploy.demo import clickstream
from deploy.demo.catalogue import category_of, product_ids
from deploy.demo.clicks import Click, events, item_of, ordered, read, shift_ms
from deploy.demo.clickstream import FetchProblem, Replay, fetch, replay
from deploy.demo.memory import MemoryLog
from tagging.events import Event, read_event

CSV = """user_id,event,timestamp
11,main,2019-11-01 17:59:13.273932
11,product1,2019-11-01 17:59:28.459271
22,catalog,2019-11-01 18:00:00
11,cart,2019-11-01 18:29:28.459271
11,cart,2019-11-01 19:00:00.000001
"""


@pytest.fixture
def clicks(tmp_path: Path) -> list[Click]:
    file = tmp_path / "clicks.csv"
    file.write_text(CSV)
    return list(read(file))


def test_rows_are_read_with_times_in_milliseconds(clicks: list[Click]) -> None:
    assert clicks[0] == Click(0, "11", "main", 1_572_631_153_273)
    assert len(clicks) == 5


def test_a_row_that_is_not_as_expected_is_named_by_its_line(tmp_path: Path) -> None:
    file = tmp_path / "bad.csv"
    file.write_text(CSV + "33,main,not a time\n")
    with pytest.raises(ValueError, match="line 7"):
        list(read(file))


def test_the_newest_click_is_shifted_to_the_minute_given(clicks: list[Click]) -> None:
    now_ms = 1_790_000_012_345
    shift = shift_ms(clicks, now_ms)
    assert max(event["occurred_at"] for event in events(clicks, shift)) == now_ms // 60_000 * 60_000


def test_distances_in_time_are_kept(clicks: list[Click]) -> None:
    times = [event["occurred_at"] for event in events(clicks, 777)]
    assert [time - 777 for time in times] == [click.at_ms for click in clicks]


def test_an_event_id_follows_from_the_row_alone_so_a_second_replay_makes_duplicates(clicks: list[Click]) -> None:
    first, again = ([event["event_id"] for event in events(clicks, shift)] for shift in (0, 99))
    assert first == again and len(set(first)) == len(clicks)


def test_a_session_ends_after_half_an_hour_of_silence(clicks: list[Click]) -> None:
    sessions = [event["properties"]["session_id"] for event in events(clicks, 0)]
    # 30 minutes and no more: the same session; longer: the next.
    assert sessions == ["11-1", "11-1", "22-1", "11-1", "11-2"]


def test_views_are_mapped_to_products_and_a_cart_holds_the_product_viewed_in_its_session(clicks: list[Click]) -> None:
    items = [event["item_id"] for event in events(clicks, 0)]
    assert items[1] in product_ids()
    assert items == [None, items[1], None, items[1], None]


def test_two_views_of_three_are_of_the_users_own_category() -> None:
    for user in ("7", "8", "9"):
        seen = Counter(category_of(item_of(Click(row, user, "product1", 0))) for row in range(600))
        assert 0.6 < seen.most_common(1)[0][1] / 600 < 0.8


def test_many_products_are_viewed() -> None:
    assert len({item_of(Click(row, str(row % 50), "product2", 0)) for row in range(5_000)}) > 250


def test_clicks_out_of_order_are_put_in_order(clicks: list[Click]) -> None:
    assert ordered(reversed(clicks)) == clicks


def wheel(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for the package: its pins are those of this file."""
    folder.mkdir(parents=True)
    with zipfile.ZipFile(folder / clickstream.WHEEL, "w") as archive:
        archive.writestr(clickstream.CSV_IN_WHEEL, CSV)
        archive.writestr("retentioneering/__init__.py", "raise SystemExit")
    pinned = hashlib.sha256((folder / clickstream.WHEEL).read_bytes()).hexdigest()
    monkeypatch.setattr(clickstream, "WHEEL_SHA256", pinned)
    monkeypatch.setattr(clickstream, "CSV_SHA256", hashlib.sha256(CSV.encode()).hexdigest())


def test_only_the_csv_is_taken_out_of_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel(tmp_path / "clickstream", monkeypatch)
    assert fetch(tmp_path).read_text() == CSV
    assert [path.name for path in (tmp_path / "clickstream").iterdir()] == ["simple-onlineshop.csv"]
    assert fetch(tmp_path).read_text() == CSV


def test_a_package_that_cannot_be_downloaded_is_named_with_a_fix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clickstream, "PACKAGE", "retentioneering==0.0.0.dev999")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(FetchProblem, match=r"could not download retentioneering.*check the network"):
        fetch(tmp_path)


def test_the_sessions_of_a_user_are_numbered_in_order() -> None:
    clicks = [Click(row, "5", "main", row * 31 * 60_000) for row in range(4)]
    found = defaultdict(list)
    for event in events(clicks, 0):
        found[event["user_id"]].append(event["properties"]["session_id"])
    assert found == {"5": ["5-1", "5-2", "5-3", "5-4"]}


def replayed(tmp_path: Path, log: MemoryLog, now_ms: int) -> Replay:
    file = tmp_path / "clicks.csv"
    file.write_text(CSV)
    return replay(file, tmp_path / "data" / "clickstream.json", log, now_ms, lambda state: None)


def test_the_clickstream_is_sent_once_keyed_by_user(tmp_path: Path) -> None:
    log = MemoryLog()
    assert replayed(tmp_path, log, 1_790_000_000_000).done
    assert [key for key, _ in log.messages] == [b"11", b"11", b"22", b"11", b"11"]
    replayed(tmp_path, log, 1_790_000_000_000)
    assert len(log.messages) == 5


def test_a_replay_that_broke_off_goes_on_with_the_shift_that_it_began_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Breaking(MemoryLog):
        def send(self, messages) -> None:
            if self.messages:
                raise ConnectionError("killed")
            super().send(messages)

    whole, first, rest = MemoryLog(), Breaking(), MemoryLog()
    (tmp_path / "whole").mkdir()
    replayed(tmp_path / "whole", whole, 1_790_000_000_000)
    monkeypatch.setattr(clickstream, "_CHUNK", 2)
    with pytest.raises(ConnectionError):
        replayed(tmp_path, first, 1_790_000_000_000)
    replayed(tmp_path, rest, 1_790_999_999_999)
    assert first.messages + rest.messages == whole.messages and len(rest.messages) == 3


def test_every_click_is_a_valid_event(clicks: list[Click]) -> None:
    for event in events(clicks, 1_000):
        found = read_event(orjson.dumps(event), event["occurred_at"])
        assert isinstance(found, Event) and found.properties == event["properties"]
