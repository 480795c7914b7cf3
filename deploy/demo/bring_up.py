"""The demo's steps: services, processes, the tag job, the shop's past, the clickstream, the live generator, first values.

Each step may be done already; then it is left as it is.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from deploy.demo import clickstream
from deploy.demo.event_log import EventLog
from deploy.demo.generate import RATE_VARIABLE, SEED_VARIABLE, STATS_FILE, only_one, open_generator, wall_ms
from deploy.demo.stats import Stats
from deploy.demo.steps import Step, StepFailed, Steps, wait_for
from deploy.demo.watch import ApiProblem, ApiReader, Followed, Profile, TagCount, changed_tags, liveliest
from deploy.local.config import settings_of
from deploy.local.java import QUICK_TO_START
from deploy.local.parts import fetch
from deploy.local.services import ALL
from deploy.local.stack import Stack
from stores.settings import Settings

GENERATOR = "generator"
PROCESSES = tuple(name for name, service in ALL.items() if service.is_app and not service.by_request)
SUBMIT_LOG = "submit"
SUBMIT_SECONDS = 300
FIRST_VALUES_SECONDS = 180
CHANGE_SECONDS = 120
USERS_LOOKED_AT = 40
USER_PREFIX = "u"
"""Of the shop's users: those of the clickstream are not seen again."""


@dataclass(frozen=True)
class DemoConfig:
    """What the demo is fed with. `rate`: messages per second of the live generator."""

    stack: str = "demo"
    rate: float = 100
    seed: int = 1
    users: int = 2_000
    history_days: int = 120
    history_messages: int = 100_000


class Demo:
    """One demo on one stack. Call `start`, then `check` or look at `api`."""

    def __init__(self, config: DemoConfig, steps: Steps) -> None:
        self.config = config
        self.steps = steps
        self._tell: Callable[[str], None] = lambda line: None
        self.stack = Stack(config.stack, tell=lambda line: self._tell(line))
        self.folder = self.stack.layout.root / "data"

    @property
    def settings(self) -> Settings:
        """The settings that reach the stack; there once its services are up."""
        return settings_of(self.stack.layout)

    @property
    def api(self) -> ApiReader:
        """The stack's API."""
        return ApiReader(self.address)

    @property
    def address(self) -> str:
        """Where the dashboard is."""
        return f"http://{self.settings.api.host}:{self.settings.api.port}"

    def start(self) -> None:
        """Bring everything up and wait for the first tag values. Raises StepFailed, StackError, PartMissing and the like."""
        with self._step("parts: Java libraries, MariaDB, the clickstream") as step:
            fetch(step.tell)
            clicks = clickstream.fetch(clickstream.PARTS)
        with self._step("services: MariaDB, Kafka, HBase, Flink, ClickHouse, Debezium"):
            self.stack.up()
        submits = self._begin_submits()
        try:
            with self._step("processes: clock, sinks, controller, API"):
                self.stack.up(PROCESSES)
            with self._step("the shop's past: users, orders, events") as step:
                self._make_past(step)
            with self._step("the clickstream: real visits, shifted to end now") as step:
                self._replay(clicks, step)
            with self._step("the live generator") as step:
                step.result = self._start_generator()
            with self._step("the tag job on Flink") as step:
                step.result = self._next_submitted(submits)
            with self._step("first tag values over the API") as step:
                step.result = self._await_values(step)
            with self._step("the job that models learn from, on Flink") as step:
                step.result = self._next_submitted(submits)
        finally:
            _end(submits)

    @contextmanager
    def _step(self, name: str) -> Iterator[Step]:
        with self.steps.step(name) as step:
            self._tell = step.tell
            yield step

    def _begin_submits(self) -> subprocess.Popen[str]:
        log = self.stack.layout.log(SUBMIT_LOG).open("w")
        return subprocess.Popen(
            [sys.executable, "-m", "deploy.demo.submit"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
            env={"JVM_ARGS": QUICK_TO_START, **os.environ, "TAGSTREAM_CONFIG": str(self.stack.layout.config)},
        )

    def _next_submitted(self, submits: subprocess.Popen[str]) -> str:
        """What is said of the next job; each is one line."""
        late = threading.Timer(SUBMIT_SECONDS, lambda: _end(submits))
        late.start()
        try:
            assert submits.stdout is not None
            said = submits.stdout.readline().strip()
        finally:
            # Else the demo that is interrupted here would wait for it before it ends.
            late.cancel()
        if said:
            return said
        code = submits.wait()
        trouble = (
            f"was not submitted within {SUBMIT_SECONDS} s" if code == -signal.SIGKILL else "could not be submitted"
        )
        log = self.stack.layout.log(SUBMIT_LOG)
        end = "\n".join(log.read_text(errors="replace").splitlines()[-12:])
        raise StepFailed(
            f"the job {trouble}; the end of {log}:\n{end}",
            "read the log above; `make status` says what is up, `python -m deploy.local logs jobmanager` more",
        )

    def _make_past(self, step: Step) -> None:
        config = self.config
        file = self.folder / STATS_FILE
        known = Stats.load(file, config.seed)
        if known.history and known.history.done:
            step.result = f"made before: {sum(known.messages.values()):,} messages so far"
            return
        with only_one(self.folder):
            generator = open_generator(self.settings, self.folder, config.seed, threading.Event())
            generator.make_history(
                config.history_days,
                config.history_messages,
                config.users,
                lambda sent, total: step.tell(f"{sent:,} of {total:,} messages"),
            )
            changes = generator.stats.changes
            step.result = (
                f"{changes['users.insert']:,} users, {changes['orders.insert']:,} orders, "
                f"{sum(generator.stats.messages.values()):,} messages"
            )

    def _replay(self, clicks: Path, step: Step) -> None:
        log = EventLog(self.settings, threading.Event())
        with only_one(self.folder, "clickstream"):
            state = clickstream.replay(clicks, self.folder / clickstream.STATE_FILE, log, wall_ms(), lambda state: None)
        step.result = f"{state.messages_sent:,} events"

    def _start_generator(self) -> str:
        was_up = self.stack.process(GENERATOR).pid() is not None
        os.environ |= {RATE_VARIABLE: str(self.config.rate), SEED_VARIABLE: str(self.config.seed)}
        self.stack.up([GENERATOR])
        stats = Stats.load(self.folder / STATS_FILE, self.config.seed)
        return f"runs at {stats.rate:g} messages/s" if was_up else f"{self.config.rate:g} messages/s"

    def _await_values(self, step: Step) -> str:
        found: list[TagCount] = []

        def missing() -> str | None:
            found[:] = [tag for tag in self._tags() if tag.users]
            if not found:
                return "no tag has a value yet"
            return None if self.pick_user() else "no user's profile has a tag yet"

        wait_for(
            missing,
            FIRST_VALUES_SECONDS,
            "look at the Flink job in `make status` and at `python -m deploy.local logs taskmanager`",
            tell=step.tell,
        )
        return f"{len(found)} tags have values, the largest {max(tag.users for tag in found):,} users"

    def _tags(self) -> list[TagCount]:
        try:
            return self.api.tags()
        except ApiProblem:
            return []

    def _profiles(self) -> list[Profile]:
        try:
            return self.api.profiles(USER_PREFIX, USERS_LOOKED_AT)
        except ApiProblem:
            return []

    def pick_user(self) -> Profile | None:
        """Of some of the shop's users the one whose tags changed last, or None when none has a tag."""
        return liveliest(self._profiles())

    def check(self) -> None:
        """See tags change: some in number or time, and one user's in value. Raises StepFailed when none does in time."""
        with self._step("tags change while events come in") as step:
            first = self._tags()
            followed = {profile.user_id: profile for profile in self._profiles()}
            seen: list[str] = []

            def missing() -> str | None:
                tags = changed_tags(first, self._tags())
                for profile in self._profiles():
                    look = Followed(followed.get(profile.user_id, profile))
                    look.look(profile)
                    seen.extend(f"user {profile.user_id}: {tag} {old} → {new}" for tag, old, new in look.changes)
                if not tags:
                    return "no tag changed"
                return None if seen else f"{len(tags)} tags changed, but none of {len(followed)} users' profiles"

            wait_for(
                missing,
                CHANGE_SECONDS,
                "is the generator up (`make status`)? how far do the sinks lag (the dashboard's overview)?",
                pause=1,
                tell=step.tell,
            )
            step.result = f"{len(changed_tags(first, self._tags()))} tags; {seen[0]}"


def _end(submit: subprocess.Popen[str]) -> None:
    """End the submission with the Java process that it may have started."""
    if submit.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(submit.pid, signal.SIGKILL)
    submit.wait()
