"""Ports of the loopback: which ones services usually have, and free ones where those are taken."""

from __future__ import annotations

import random
import socket
from collections.abc import Mapping
from collections.abc import Set as AbstractSet

import psutil

USUAL_PORTS = {
    "mariadb": 3306,
    "kafka": 9092,
    "kafka-controller": 9093,
    "connect": 8083,
    "zookeeper": 2181,
    "hbase-master": 16000,
    "hbase-region": 16020,
    "hbase": 9090,
    "flink": 8081,
    "flink-rpc": 6123,
    "flink-blob": 6124,
    "flink-task-data": 6121,
    "clickhouse": 8123,
    "api": 5000,
    "clock-metrics": 9401,
    "sink_profile-metrics": 9402,
    "sink_values-metrics": 9403,
    "sink_events-metrics": 9404,
    "generator-metrics": 9405,
    "bitmaps-metrics": 9406,
    "controller-metrics": 9407,
    "sink_rows-metrics": 9408,
    "parity-metrics": 9409,
    "crowds-metrics": 9410,
    "learner-metrics": 9411,
    "scorer-metrics": 9412,
    "sink_predictions-metrics": 9413,
    "eraser-metrics": 9414,
}

# Below what Linux gives to outgoing connections (32768 up): one of those could sit on a service's port while it restarts.
_OTHERS = range(20_000, 32_000)
_HOST = "127.0.0.1"


def choose_ports(known: Mapping[str, int], promised: AbstractSet[int], usual: bool) -> dict[str, int]:
    """A port for every name: the known one, or the usual one if that is wanted, free and not promised, or a free one."""
    chosen = dict(known)
    taken = promised | set(known.values())
    for name, usual_port in USUAL_PORTS.items():
        if name not in chosen:
            wanted = usual and usual_port not in taken and is_free(usual_port)
            chosen[name] = usual_port if wanted else _other(taken)
            taken.add(chosen[name])
    return chosen


def _other(taken: AbstractSet[int]) -> int:
    candidates = list(_OTHERS)
    random.shuffle(candidates)
    for port in candidates:
        if port not in taken and is_free(port):
            return port
    raise OSError(
        f"no free port on {_HOST} between {_OTHERS.start} and {_OTHERS.stop - 1}; fix: end what listens there"
    )


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of the loopback now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError:
            return False
        return True


def holder(port: int) -> str:
    """Who listens on a port, as far as this user may know."""
    try:
        connections = psutil.net_connections("tcp")
    except psutil.AccessDenied:
        return "another process"
    pids = {c.pid for c in connections if c.laddr and c.laddr.port == port and c.status == psutil.CONN_LISTEN and c.pid}
    names = []
    for pid in sorted(pids):
        try:
            names.append(f"pid {pid} ({psutil.Process(pid).name()})")
        except psutil.NoSuchProcess:
            continue
    return ", ".join(names) or "another process"
