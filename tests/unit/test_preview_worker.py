"""The worker of previews: each is answered once, with a result or a cause."""

import threading

from jobs.preview_run import TooSlow
from jobs.previews import KEPT_MS, PreviewWorker
from jobs.worker import work
from stores.mysql import MySQLUnavailable
from stores.registry.previews import Preview, State
from tagging import lifecycle
from tagging.lifecycle import Tag
from tests.fakes.memory_previews import MemoryPreviews
from tests.fakes.memory_registry import MemoryRegistry

AT_MS = 1_790_000_000_000
TEXT = (
    "-- name: heat\n-- title: T\n-- description: D\n-- type: integer\n-- dimension: risk\n-- owner: o\n\n"
    "SELECT user_id, COUNT(*) AS value FROM events GROUP BY user_id\n"
)


class Runs:
    """Gives what it is told to, or raises it; keeps what it was asked to run."""

    def __init__(self, *answers) -> None:
        self.answers, self.asked = list(answers), []

    def __call__(self, draft, live):
        self.asked.append((draft.definition, live and live.definition))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def worker(runs, registry=None, at_ms=AT_MS):
    return PreviewWorker(MemoryPreviews(), registry or MemoryRegistry(), runs, lambda: at_ms, 60_000)


def ask(made, id="p1", text=TEXT, at_ms=AT_MS):
    return made.previews.ask(Preview(id, text, "ann", at_ms))


def test_a_preview_is_answered_with_the_live_version_beside_it():
    registry = MemoryRegistry()
    registry.save(lifecycle.adopt(Tag("heat", "o", "risk"), 3, TEXT, "ann", AT_MS, "tags"), [])
    runs = Runs({"users": 1, "seconds": 0.1})
    made = worker(runs, registry)
    ask(made, text=TEXT.replace("FROM events", "FROM orders"))
    assert made.step()
    done = made.previews.read("p1")
    assert (done.state, done.result) == (State.DONE, {"users": 1, "seconds": 0.1})
    [(draft, live)] = runs.asked
    assert ("FROM orders" in draft.sql, live.version, "FROM events" in live.sql) == (True, 3, True)
    assert not made.step()


def test_a_tag_that_is_not_live_is_previewed_alone():
    runs = Runs({"seconds": 0})
    made = worker(runs)
    ask(made)
    made.step()
    assert runs.asked[0][1] is None


def test_a_run_that_fails_ends_with_its_cause_and_the_next_is_answered():
    made = worker(Runs(TooSlow("stopped after 60 s"), ZeroDivisionError(), {"seconds": 0}))
    for number in range(3):
        ask(made, f"p{number}", at_ms=AT_MS + number)
    assert [made.step() for _ in range(4)] == [True, True, True, False]
    found = [made.previews.read(f"p{number}") for number in range(3)]
    assert [preview.state for preview in found] == [State.FAILED, State.FAILED, State.DONE]
    assert [preview.cause for preview in found] == ["stopped after 60 s", "ZeroDivisionError", ""]


def test_a_text_that_does_not_compile_any_more_fails_with_its_problems():
    made = worker(Runs())
    ask(made, text=TEXT.replace("COUNT(*)", "NOW()"))
    made.step()
    assert "NOW" in made.previews.read("p1").cause


def test_old_previews_are_forgotten():
    made = worker(Runs())
    ask(made, at_ms=AT_MS - KEPT_MS - 1)
    assert not made.step()
    assert made.previews.read("p1") is None


def test_mysql_that_is_away_is_waited_for():
    stop, prepared = threading.Event(), []

    def prepare():
        prepared.append(1)
        if len(prepared) < 3:
            raise MySQLUnavailable("mysql at 127.0.0.1:3306: refused")

    def run(draft, live):
        stop.set()
        return {"seconds": 0}

    made = worker(run)
    ask(made)
    work(prepare, made, stop, idle_seconds=0.001)
    assert (len(prepared), made.previews.read("p1").state) == (3, State.DONE)
