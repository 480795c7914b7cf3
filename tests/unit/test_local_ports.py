"""Ports of a local stack."""

import socket
import threading

import pytest

from deploy.local.layout import MAIN_STACK, Layout
from deploy.local.ports import USUAL_PORTS, choose_ports, holder, is_free


@pytest.fixture
def taken():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


@pytest.fixture
def usual(monkeypatch, taken):
    """Two usual ports, the first of which someone else listens on, and the second of which is free."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    ports = {"one": taken, "two": free}
    monkeypatch.setattr("deploy.local.ports.USUAL_PORTS", ports)
    monkeypatch.setattr("deploy.local.layout.USUAL_PORTS", ports)
    return ports


def test_a_usual_port_that_is_taken_gives_way_to_a_free_one(usual):
    ports = choose_ports({}, set(), usual=True)
    assert ports["two"] == usual["two"]
    assert ports["one"] != usual["one"]
    assert is_free(ports["one"])


def test_all_ports_differ_from_one_another():
    ports = choose_ports({}, set(), usual=False)
    assert ports.keys() == USUAL_PORTS.keys()
    assert len(set(ports.values())) == len(ports)


def test_free_ones_are_not_among_those_of_outgoing_connections():
    assert max(choose_ports({}, set(), usual=False).values()) < 32_768


def test_a_known_port_is_kept_even_while_it_is_in_use(usual, taken):
    assert choose_ports({"two": taken}, set(), usual=True)["two"] == taken


def test_a_port_that_another_stack_wrote_down_is_not_taken_while_that_stack_is_stopped(usual):
    assert choose_ports({}, {usual["two"]}, usual=True)["two"] != usual["two"]


def test_who_has_a_port_is_named(taken):
    assert holder(taken).startswith("pid ")


def test_ports_are_kept_by_the_stack(tmp_path):
    first = Layout("mine", tmp_path).ports()
    assert Layout("mine", tmp_path).ports() == first


def test_only_the_main_stack_has_the_usual_ports(tmp_path, usual):
    assert Layout("other", tmp_path).port("two") != usual["two"]
    assert Layout(MAIN_STACK, tmp_path).port("two") == usual["two"]


def test_two_stacks_that_choose_at_once_choose_differently(tmp_path):
    layouts = [Layout(f"stack{number}", tmp_path) for number in range(6)]
    threads = [threading.Thread(target=layout.ports) for layout in layouts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    chosen = [port for layout in layouts for port in layout.known_ports().values()]
    assert len(set(chosen)) == len(chosen) == 6 * len(USUAL_PORTS)


def test_only_ports_that_were_lost_are_chosen_again(tmp_path):
    layout = Layout("mine", tmp_path)
    before = layout.ports()
    layout.choose_again({"kafka"})
    after = layout.ports()
    assert {name for name in after if after[name] != before[name]} <= {"kafka"}
    assert after.keys() == before.keys()


def test_asking_for_known_ports_makes_nothing(tmp_path):
    assert Layout("never", tmp_path).known_ports() == {}
    assert not (tmp_path / "never").exists()


@pytest.mark.parametrize("name", ["", "parts", "../demo", "a b", "a/b"])
def test_a_stack_cannot_have_every_name(name):
    with pytest.raises(ValueError, match="stack name"):
        Layout(name)


def test_one_command_at_a_time_works_on_a_stack(tmp_path):
    layout, order = Layout("mine", tmp_path), []

    def second():
        with layout.lock():
            order.append("second")

    with layout.lock():
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(0.2)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]
