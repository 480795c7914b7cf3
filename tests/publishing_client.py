"""A client of the routes that publish tags, over stores in memory: it says who asks, and what the controller has done."""

from __future__ import annotations

from api import create_app
from stores.settings import Settings
from tagging import lifecycle
from tests.fakes.api_stores import AT_MS, World

HEADER = "-- name: {name}\n-- title: Heat\n-- description: How busy\n-- type: integer\n-- dimension: behaviour\n-- owner: ann\n\n"
SELECT = "SELECT user_id, COUNT(*) AS value\nFROM LAST(events, INTERVAL '{hours}' HOUR)\nGROUP BY user_id\n"
FORM = {
    "name": "heat",
    "title": "Heat",
    "description": "How busy",
    "dimension": "behaviour",
    "owner": "ann",
    "source": "events",
    "measure": "count",
    "window": {"length": 1, "unit": "hour"},
}


def text(hours=1, name="heat"):
    return HEADER.format(name=name) + SELECT.format(hours=hours)


class Client:
    """Sends JSON under a name, and tells the registry's controller what has come true."""

    def __init__(self, world: World) -> None:
        self.world, self.at_ms = world, AT_MS
        self.http = create_app(Settings(), world.stores(), clock=lambda: self.at_ms).test_client()

    def post(self, path, body=None, who="ann", **headers):
        named = {"X-Actor": who, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return self.http.post(f"/api/v1/{path}", json=body, headers=named)

    def get(self, path):
        return self.http.get(f"/api/v1/{path}")

    def go_live(self, name, version):
        versions = self.world.publishing.versions
        tag = lifecycle.ready(versions.tag(name), version, self.at_ms)
        versions.save(lifecycle.switch(tag, version, self.at_ms), [])


def live_in_two_versions(client):
    client.post("tags", {"text": text()})
    client.post("tags/heat/versions/1/build")
    client.go_live("heat", 1)
    client.post("tags/heat/versions", {"text": text(2)}, If_Match='"3"')
    client.post("tags/heat/versions/2/build")
    client.at_ms += 60_000
    client.go_live("heat", 2)
