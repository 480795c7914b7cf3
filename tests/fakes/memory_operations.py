"""What operators ask for, in memory."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from api.operation_ports import Operations
from stores.dead_letters import Place, Replay
from stores.job_requests import JobIsBusy, JobRequest, State, What
from tests.fakes.breakable import Breakable

AT_MS = 1_790_000_000_000


class MemoryJobRequests(Breakable):
    """Requests by id; `take` and `finish` are the worker's. They pass tests/contract/test_operations.py."""

    def __init__(self) -> None:
        super().__init__("mysql")
        self.requests: dict[str, JobRequest] = {}

    def ask(self, job: str, what: What, who: str) -> JobRequest:
        super().ask()
        for waiting in self.requests.values():
            if waiting.job == job and waiting.state in (State.ASKED, State.RUNNING):
                if waiting.what is what:
                    return waiting
                raise JobIsBusy(waiting)
        asked = JobRequest(uuid.uuid4().hex, job, what, who, State.ASKED, AT_MS + len(self.requests))
        self.requests[asked.id] = asked
        return asked

    def read(self, request_id: str) -> JobRequest | None:
        super().ask()
        return self.requests.get(request_id)

    def newest(self, limit: int) -> Sequence[JobRequest]:
        super().ask()
        return sorted(self.requests.values(), key=lambda request: -request.asked_at_ms)[:limit]

    def take(self) -> JobRequest | None:
        super().ask()
        waiting = [request for request in self.requests.values() if request.state is State.ASKED]
        if not waiting:
            return None
        oldest = min(waiting, key=lambda request: request.asked_at_ms)
        self.requests[oldest.id] = replace(oldest, state=State.RUNNING, started_at_ms=AT_MS)
        return self.requests[oldest.id]

    def finish(self, request: JobRequest, state: State, said: str) -> None:
        super().ask()
        held = self.requests[request.id]
        if held.state is State.RUNNING and held.started_at_ms == request.started_at_ms:
            self.requests[request.id] = replace(held, state=state, said=said[:1_000], ended_at_ms=AT_MS)


class MemoryLetters(Breakable):
    """Bytes by place."""

    def __init__(self) -> None:
        super().__init__("clickhouse")
        self.payloads: dict[Place, bytes] = {}

    def payload(self, letter: Place) -> bytes | None:
        self.ask()
        return self.payloads.get(letter)


class MemoryReplays(Breakable):
    """Replays by letter. They pass tests/contract/test_operations.py."""

    def __init__(self) -> None:
        super().__init__("mysql")
        self.replays: dict[Place, Replay] = {}

    def once(self, letter: Place, sha256: str, who: str, send: Callable[[], Place]) -> Replay:
        self.ask()
        if letter not in self.replays:
            self.replays[letter] = Replay(letter, sha256, who, AT_MS, send())
        return self.replays[letter]

    def read(self, letter: Place) -> Replay | None:
        self.ask()
        return self.replays.get(letter)


class MemoryResender(Breakable):
    """A log that takes what it is given."""

    def __init__(self) -> None:
        super().__init__("kafka")
        self.sent: list[tuple[str, str, bytes]] = []

    def send(self, topic: str, key: str, value: bytes) -> Place:
        self.ask()
        self.sent.append((topic, key, value))
        return Place(topic, 0, 100 + len(self.sent))


@dataclass
class MemoryOperations:
    """All of them."""

    requests: MemoryJobRequests = field(default_factory=MemoryJobRequests)
    letters: MemoryLetters = field(default_factory=MemoryLetters)
    replays: MemoryReplays = field(default_factory=MemoryReplays)
    resender: MemoryResender = field(default_factory=MemoryResender)

    def port(self) -> Operations:
        return Operations(self.requests, self.letters, self.replays, self.resender)
