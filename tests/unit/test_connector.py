"""The connector is put to Kafka Connect by its REST interface: what is sent, and what is said when it is refused."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from deploy.connector import ConnectRefused, connector_settings, put_connector
from deploy.local.services.connect import CONNECTORS
from stores.settings import Connect, Kafka, Settings


@contextmanager
def connect_answering(status: int, text: str) -> Iterator[tuple[Settings, list[tuple[str, dict]]]]:
    """A Kafka Connect that gives one answer, and what it was sent."""
    received: list[tuple[str, dict]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            received.append((self.path, json.loads(self.rfile.read(int(self.headers["Content-Length"])))))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield Settings(connect=Connect(url=f"http://127.0.0.1:{server.server_port}/")), received
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_connector_is_put_under_its_name():
    with connect_answering(201, "{}") as (settings, received):
        put_connector("shop", settings, {"topic.prefix": "cdc"})
    assert received == [("/connectors/shop/config", {"topic.prefix": "cdc"})]


def test_a_refusal_is_raised_with_what_connect_says():
    text = "Unable to connect: Access denied for user 'cdc'"
    with connect_answering(400, text) as (settings, _), pytest.raises(ConnectRefused, match=f"answered 400: {text}"):
        put_connector("shop", settings, {})


def test_a_connect_that_is_away_is_named():
    with pytest.raises(ConnectRefused, match=r"Kafka Connect at http://127\.0\.0\.1:1 does not answer"):
        put_connector("shop", Settings(connect=Connect(url="http://127.0.0.1:1")), {})


def test_topics_have_the_partitions_and_copies_of_the_settings():
    made = connector_settings("shop", {"database.hostname": "db"}, Settings(kafka=Kafka(partitions=12, replication=3)))
    assert made["topic.creation.default.partitions"] == "12"
    assert made["topic.creation.default.replication.factor"] == "3"
    assert made["database.hostname"] == "db"


def test_each_connector_keeps_the_history_of_its_own_tables():
    topics = {n: connector_settings(n, {}, Settings())["schema.history.internal.kafka.topic"] for n in CONNECTORS}
    assert topics == {"shop": "cdc.schema-history", "registry": "registry.schema-history"}
