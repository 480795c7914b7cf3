"""What starts after what."""

import threading

import pytest

from deploy.local.order import run_in_order
from deploy.local.services import ALL
from deploy.local.stack import INFRASTRUCTURE, Stack, StackError, _with_dependencies


def run(names, after, do, at_once=4):
    return run_in_order(names, after, do, at_once, threading.Event())


def test_each_comes_after_those_it_waits_for():
    done = []
    outcome = run(["c", "b", "a"], {"c": ["b"], "b": ["a"]}, done.append)
    assert done == ["a", "b", "c"]
    assert not outcome.failed and not outcome.not_tried


def test_those_that_wait_for_nothing_run_side_by_side():
    both = threading.Barrier(2, timeout=10)
    assert not run(["a", "b"], {}, lambda name: both.wait()).failed


def test_what_depends_on_a_failure_is_not_tried_and_the_rest_is():
    done = []

    def do(name):
        if name == "a":
            raise RuntimeError("broken")
        done.append(name)

    outcome = run(["a", "b", "c", "d"], {"b": ["a"], "c": ["b"]}, do)
    assert done == ["d"]
    assert list(outcome.failed) == ["a"]
    assert outcome.not_tried == ["b", "c"]


def test_a_dependency_that_is_not_asked_for_is_not_waited_for():
    done = []
    run(["b"], {"b": ["a"]}, done.append)
    assert done == ["b"]


def test_an_interruption_lets_those_under_way_give_up():
    cancelled = threading.Event()

    class Interrupted(dict):
        def get(self, name, default=None):
            if name == "b":
                raise KeyboardInterrupt
            return default

    with pytest.raises(KeyboardInterrupt):
        run_in_order(["a", "b"], Interrupted(), lambda name: cancelled.wait(10), 2, cancelled)
    assert cancelled.is_set()


def test_a_service_brings_what_it_depends_on():
    assert _with_dependencies(["connect"]) == ["mariadb", "kafka", "connect"]
    assert _with_dependencies(["thrift"]) == ["hbase", "thrift"]


def test_dependencies_exist_and_come_first():
    names = list(ALL)
    for service in ALL.values():
        for other in service.depends_on:
            assert names.index(other) < names.index(service.name)


def test_services_that_are_not_tagstreams_own_need_none_that_is():
    assert set(_with_dependencies(INFRASTRUCTURE)) == set(INFRASTRUCTURE)


def test_an_unknown_service_is_named_with_those_that_there_are():
    with pytest.raises(StackError, match=r"no service 'kafak'; there are mariadb, kafka"):
        Stack("unit").process("kafak")


def test_no_two_services_have_one_port():
    ports = [port for service in ALL.values() for port in service.ports]
    assert len(set(ports)) == len(ports)
