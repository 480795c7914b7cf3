"""How long a profile or a prediction takes at a running API: `python -m deploy.bench_api --rate 200 --seconds 30`.

GET /users/{id}, or with `--model NAME` POST /predictions of `--batch` users at once. Asks for the users that the API lists, and
asserts that each has its own profile, or prediction, and that there are values, or scores; then asks for them in turn at a fixed
rate, whether or not the answers before have come, and counts each from when it was due. So an API that stalls cannot hide by
being asked less. What is predicted is not recorded: no model learns from it. Needs the server that production has
(`python -m api`, gunicorn); the key comes from TAGSTREAM_API_KEY.
"""

from __future__ import annotations

import argparse
import http.client
import json
import math
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import NamedTuple
from urllib.parse import urlsplit

from api.predictions import MOST_USERS
from deploy.api_session import ANSWER_SECONDS, KEY_VARIABLE, ApiFailed, ApiSession, at

SERVER = "gunicorn"
USERS = 1_000
PAGE = 200
WARM_SECONDS = 2.0


class BenchProblem(RuntimeError):
    """What was to be measured is not there, or answers wrongly."""


class Request(NamedTuple):
    """One request, as it is sent each time."""

    method: str
    path: str
    body: bytes | None = None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True)
class Measured:
    """Answers over `seconds`; `late` is how many requests could not be sent within a millisecond of when they were due."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    longest_ms: float
    late: int


def profiles(api: ApiSession, most: int = USERS) -> list[Request]:
    """The profiles of the first users, each looked at once. Raises BenchProblem, ApiFailed."""
    asked, values = [], 0
    for user in api.items(at("/users"), most, PAGE):
        path = at("/users/{user}", user=user["user_id"])
        found = api.get(path)
        if found["user_id"] != user["user_id"]:
            raise BenchProblem(f"{path} is the profile of {found['user_id']!r}")
        asked.append(Request("GET", path))
        values += len(found["tags"])
    if not values:
        raise BenchProblem(f"{api.url} has no users with a tag; fix: make demo, or send events")
    return asked


def predictions(api: ApiSession, model: str, batch: int, most: int = USERS) -> list[Request]:
    """Predictions of the first users, `batch` at once, each looked at once. Raises BenchProblem, ApiFailed."""
    users = [user["user_id"] for user in api.items(at("/users"), most, PAGE)]
    asked, scores = [], 0
    for start in range(0, len(users), batch):
        body = {"model": model, "user_ids": users[start : start + batch], "record": False}
        items = api.post(at("/predictions"), body)["items"]
        if [item["user_id"] for item in items] != body["user_ids"]:
            raise BenchProblem(f"the predictions of {body['user_ids']} are of others")
        asked.append(Request("POST", at("/predictions"), json.dumps(body).encode()))
        scores += sum(item["score"] is not None for item in items)
    if not scores:
        raise BenchProblem(f"{api.url} has no users whom model {model} scores; fix: make demo, or send events")
    return asked


def require_server(url: str) -> None:
    """Raises BenchProblem for another server than production's: its times would say nothing."""
    connection = _connect(url)
    try:
        connection.request("GET", at("/health/live"))
        named = connection.getresponse().getheader("Server") or "no name"
    except OSError as error:
        raise BenchProblem(f"{url} does not answer: {error}; fix: tagstream up api, or --url") from error
    finally:
        connection.close()
    if not named.startswith(SERVER):
        raise BenchProblem(f"{url} is served by {named}, not by {SERVER}; fix: python -m api")


def measure(
    url: str,
    asked: Sequence[Request],
    rate: float,
    seconds: float,
    connections: int,
    clock: Callable[[], float] = time.perf_counter,
    wait: Callable[[float], object] = time.sleep,
) -> Measured:
    """Ask at the rate for so long, by so many connections. Raises BenchProblem for an answer that is no success."""
    requests, numbers = max(1, round(rate * seconds)), count()
    taken: list[float] = []
    late: list[None] = []
    problems: list[str] = []
    began = clock()

    def due() -> Iterator[tuple[int, float]]:
        while (number := next(numbers)) < requests and not problems:
            yield number, began + number / rate

    def ask() -> None:
        connection = _connect(url)
        try:
            for number, at_seconds in due():
                early = at_seconds - clock()
                if early > 0:
                    wait(early)
                elif early < -0.001:
                    late.append(None)
                request = asked[number % len(asked)]
                connection.request(request.method, request.path, request.body, _headers(request.body is not None))
                answer = connection.getresponse()
                answer.read()
                taken.append(clock() - at_seconds)
                if answer.status != 200:
                    problems.append(f"{request} answered {answer.status}")
        except (OSError, http.client.HTTPException) as error:
            problems.append(f"{url} broke off: {error}")
        finally:
            connection.close()

    threads = [threading.Thread(target=ask) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if problems:
        raise BenchProblem(problems[0])
    p50, p99 = (percentile(taken, part) * 1000 for part in (0.5, 0.99))
    return Measured(len(taken), clock() - began, p50, p99, max(taken) * 1000, len(late))


def percentile(values: Sequence[float], part: float) -> float:
    """The smallest value that at least this part of all do not exceed."""
    return sorted(values)[max(0, math.ceil(part * len(values)) - 1)]


def _headers(is_json: bool) -> Mapping[str, str]:
    key = os.environ.get(KEY_VARIABLE)
    found = {"Content-Type": "application/json"} if is_json else {}
    return found | ({"Authorization": f"Bearer {key}"} if key else {})


def _connect(url: str) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    return kind(parts.netloc, timeout=ANSWER_SECONDS)


def main() -> None:
    """Look, warm up, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m deploy.bench_api", description=__doc__.splitlines()[0])
    parser.add_argument("--url", default="", help="default: where the settings have it")
    parser.add_argument("--rate", type=float, default=200.0, help="requests a second")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--model", default="", help="measure predictions of this model instead of profiles")
    parser.add_argument(
        "--batch", type=int, default=1, help=f"users in one request for predictions, up to {MOST_USERS}"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    given = parser.parse_args()
    if not (0 < given.rate <= 100_000 and 0 < given.seconds <= 3_600 and 1 <= given.connections <= 256):
        parser.error("--rate up to 100000, --seconds up to 3600, --connections up to 256, all above 0")
    if not 1 <= given.batch <= MOST_USERS:
        parser.error(f"--batch: 1 to {MOST_USERS}")
    try:
        api = ApiSession(given.url)
        require_server(api.url)
        asked = predictions(api, given.model, given.batch) if given.model else profiles(api)
        measure(api.url, asked, given.rate, WARM_SECONDS, given.connections)
        found = measure(api.url, asked, given.rate, given.seconds, given.connections)
    except (BenchProblem, ApiFailed) as error:
        parser.exit(1, f"error: {error}\n")
    if given.json:
        print(
            json.dumps(
                {"requests_in_turn": len(asked), "rate": given.rate, "connections": given.connections, **vars(found)}
            )
        )
        return
    what = f"POST /predictions, {given.batch} users by {given.model}" if given.model else "GET /users/<id>"
    print(
        f"{what}, {len(asked):,} in turn, {given.rate:g} a second over {given.connections} connections: "
        f"p50 {found.p50_ms:.1f} ms, p99 {found.p99_ms:.1f} ms, longest {found.longest_ms:.1f} ms of "
        f"{found.requests:,} answers ({found.late:,} sent late)"
    )


if __name__ == "__main__":
    main()
