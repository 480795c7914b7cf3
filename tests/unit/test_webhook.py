"""One POST to a webhook, to a real server: signed, never redirected, and never to an address of ours."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import socket
import time

import pytest

from stores.webhook import NotTaken, Webhooks
from tagging.webhooks import Hook, is_public, problem_of_url
from tests.receiver import receiving

SECRET = "a secret of both sides"


@pytest.fixture
def receiver():
    with receiving() as found:
        yield found


def hook(url):
    return Hook("h1", "vip", url, SECRET, "ann", 0)


def test_a_body_arrives_with_a_signature_that_the_receiver_can_check(receiver):
    Webhooks(True, 5).send(hook(receiver.url), '{"用户": 1}'.encode(), "d1")
    [found] = receiver.received
    assert (found.path, found.body) == ("/deltas?to=shop", '{"用户": 1}'.encode())
    assert (found.headers["Content-Type"], found.headers["Tagstream-Delivery"]) == ("application/json", "d1")
    at, digest = (part.split("=", 1)[1] for part in found.headers["Tagstream-Signature"].split(","))
    assert abs(int(at) - time.time()) < 60
    assert digest == hmac.new(SECRET.encode(), f"{at}.".encode() + found.body, hashlib.sha256).hexdigest()
    assert SECRET not in str(found.headers)


@pytest.mark.parametrize("status", [301, 307, 400, 404, 410, 500, 503])
def test_anything_but_success_is_not_taken_and_nothing_is_followed(receiver, status):
    receiver.statuses, receiver.location = [status], receiver.url
    with pytest.raises(NotTaken, match=f"answered {status}"):
        Webhooks(True, 5).send(hook(receiver.url), b"{}", "d1")
    assert len(receiver.received) == 1


def test_who_does_not_answer_has_not_taken_it():
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(NotTaken) as failed:
            Webhooks(True, 0.2).send(hook(url), b"{}", "d1")
    assert SECRET not in str(failed.value)
    with pytest.raises(NotTaken):
        Webhooks(True, 0.2).send(hook(url), b"{}", "d1")


@pytest.mark.parametrize(
    "addresses", [["127.0.0.1"], ["10.1.2.3"], ["8.8.8.8", "169.254.169.254"], ["::1"], ["fe80::1%eth0"], ["0.0.0.0"]]
)
def test_a_name_that_leads_to_an_address_of_ours_is_refused_before_anything_is_sent(receiver, addresses):
    port = int(receiver.url.split(":")[2].split("/")[0])
    webhooks = Webhooks(False, 5, resolve=lambda host, given: addresses)
    with pytest.raises(NotTaken, match="private or local address"):
        webhooks.send(hook(f"https://hooks.example.com:{port}/"), b"{}", "d1")
    assert receiver.received == []


def test_a_name_is_looked_up_once_so_that_it_cannot_become_another(receiver):
    port = int(receiver.url.split(":")[2].split("/")[0])
    asked = []

    def resolve(host, given):
        asked.append((host, given))
        return ["127.0.0.1"]

    Webhooks(True, 5, resolve=resolve).send(hook(f"http://hooks.example.com:{port}/in"), b"{}", "d1")
    assert asked == [("hooks.example.com", port)]
    assert receiver.received[0].headers["Host"] == f"hooks.example.com:{port}"


def test_a_name_without_an_address_is_not_taken():
    def resolve(host, port):
        raise OSError("no such host")

    with pytest.raises(NotTaken, match=r"hooks\.example\.com has no address"):
        Webhooks(False, 5, resolve=resolve).send(hook("https://hooks.example.com/"), b"{}", "d1")


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("http://hooks.example.com/", "https://"),
        ("ftp://hooks.example.com/", "https://"),
        ("https:///path", "names no host"),
        ("https://ann:pw@hooks.example.com/", "no user"),
        ("https://hooks.example.com:99999/", "is no address"),
        ("https://[::1/", "is no address"),
        ("https://127.0.0.1/", "private or local"),
        ("https://[::ffff:10.0.0.1]/", "private or local"),
        ("https://[fd00::1]/", "private or local"),
        ("https://169.254.169.254/latest", "private or local"),
        ("https://hooks.example.com/\nHost: x", "printable"),
        ("https://hooks.example.com/" + "x" * 1_000, "1000"),
    ],
)
def test_an_address_that_a_hook_may_not_have_is_refused_with_the_reason(url, problem):
    assert problem in problem_of_url(url, allow_private=False)


def test_a_public_address_may_be_a_hooks_and_a_private_one_where_it_is_allowed():
    assert problem_of_url("https://hooks.example.com/in?a=b", False) is None
    assert problem_of_url("https://8.8.8.8/", False) is None
    assert problem_of_url("http://127.0.0.1:8080/", True) is None


@pytest.mark.parametrize("address", ["100.64.0.1", "192.0.2.1", "224.0.0.1", "255.255.255.255", "2002:7f00:1::", "::"])
def test_what_nobody_on_the_internet_may_have_is_not_public(address):
    assert not is_public(ipaddress.ip_address(address))


def test_a_hook_says_nothing_of_its_secret():
    assert SECRET not in repr(hook("https://hooks.example.com/")) + str(hook("https://hooks.example.com/"))
