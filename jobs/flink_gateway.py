"""PyFlink's way to Java, safe for several Python threads at once."""

from __future__ import annotations

import threading

from py4j.java_gateway import GatewayConnection, JavaGateway
from pyflink.java_gateway import get_gateway


class OwnConnections(threading.local):
    """The free connections of the thread that asks, the last one given back first: what Py4J keeps for all threads.

    A connection is a thread in Java, and Flink's planner leaves things with the thread (Calcite's metadata providers,
    the class loader that has the connectors). Where threads share connections, another Python thread, were it only to
    have its garbage collected there, can leave the next call to a Java thread that has none of it.
    """

    def __init__(self) -> None:
        self._free: list[GatewayConnection] = []

    def pop(self) -> GatewayConnection:
        """The one that was given back last. Raises IndexError when none is free: Py4J then opens one."""
        return self._free.pop()

    def append(self, connection: GatewayConnection) -> None:
        """Give a connection back."""
        self._free.append(connection)

    def __len__(self) -> int:
        return len(self._free)


def gateway() -> JavaGateway:
    """PyFlink's gateway, which answers every Python thread by a Java thread of its own."""
    found = get_gateway()
    client = found._gateway_client
    if not isinstance(client.deque, OwnConnections):
        client.deque = OwnConnections()
    return found
