"""When a job is asked for a checkpoint."""

from __future__ import annotations

from jobs.checkpoint_requests import CheckpointRequests
from stores.flink import Checkpoints


class Replay:
    """A job that reads `pace` messages a second, but for the time of its checkpoints, which take `seconds` each."""

    def __init__(self, length: int, pace: float, seconds: float) -> None:
        self.length, self.pace, self.seconds = length, pace, seconds
        self.now = self.read = 0.0
        self.committed, self.under_way, self.asked_at = 0, None, []

    @property
    def known(self) -> Checkpoints:
        done = len(self.asked_at) - (self.under_way is not None)
        return Checkpoints(completed=done, last_ms=int(self.seconds * 1000) if done else None)

    def run(self) -> None:
        """Until a checkpoint lies behind the end of the log."""
        requests = CheckpointRequests(self.now, self.length)
        while self.committed < self.length:
            assert self.now < 10_000, "does not get there"
            if requests.due(self.now, self.length - self.committed, self.known):
                requests.asked(self.known, self.now)
                self.asked_at.append(self.now)
                self.under_way = (self.now + self.seconds, min(self.length, int(self.read)))
            self.now += 0.2
            if self.under_way is None:
                self.read += self.pace * 0.2
            elif self.now >= self.under_way[0]:
                self.committed, self.under_way = self.under_way[1], None


def test_a_job_that_is_there_already_is_asked_once():
    job = Replay(1, pace=1e9, seconds=0.2)
    job.read = 1
    job.run()
    assert job.asked_at == [0]


def test_checkpoints_that_take_long_leave_the_job_most_of_its_time():
    job = Replay(100_000, pace=2_000, seconds=6)
    job.run()
    held_up = len(job.asked_at) * job.seconds
    assert held_up <= 0.4 * job.now and job.now <= 100, (job.asked_at, job.now)


def test_quick_checkpoints_tell_within_two_seconds_that_a_job_is_there():
    job = Replay(100_000, pace=5_000, seconds=0.2)
    job.run()
    there_at = 100_000 / 5_000 + len(job.asked_at) * job.seconds
    assert job.now - there_at <= 2, (job.asked_at, job.now)


def test_the_next_is_asked_for_when_the_job_should_be_there():
    requests = CheckpointRequests(0, 1_000)
    assert requests.due(0, 1_000, Checkpoints())
    requests.asked(Checkpoints(), 0)
    assert not requests.due(5, 1_000, Checkpoints()), "one is under way"
    # 500 messages in ten seconds: the other 500 take ten more, though five times the last checkpoint would be 40.
    came = Checkpoints(completed=1, last_ms=10_000)
    assert not requests.due(10, 500, came) and not requests.due(19.9, 500, came)
    assert requests.due(20, 500, came)


def test_one_that_failed_or_was_lost_is_asked_for_again():
    requests = CheckpointRequests(0, 10)
    assert requests.due(0, 10, Checkpoints())
    requests.asked(Checkpoints(), 0)
    assert not requests.due(2, 10, Checkpoints(failed=1)) and requests.due(3, 10, Checkpoints(failed=1))
    requests.asked(Checkpoints(failed=1), 3)
    assert not requests.due(62.9, 10, Checkpoints(failed=1)) and not requests.due(63, 10, Checkpoints(failed=1))
    assert requests.due(64, 10, Checkpoints(failed=1))


def test_where_the_cluster_refuses_it_is_asked_a_second_later():
    requests = CheckpointRequests(0, 10)
    assert requests.due(0, 10, Checkpoints())
    requests.refused(0)
    assert not requests.due(0.9, 10, Checkpoints()) and requests.due(1, 10, Checkpoints())
