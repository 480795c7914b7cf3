"""`python -m api`: the API under gunicorn, one process of threads, until SIGTERM."""

from __future__ import annotations

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.config import Config
from gunicorn.glogging import Logger

from api import create_app
from api.access.guard import require_loopback_or_access
from stores import logs
from stores.registry.schema import migrate
from stores.settings import Settings, load

THREADS = 16
STOP_SECONDS = 10


class Log(Logger):
    """gunicorn's own messages, written like all other logs. Requests are logged by the application."""

    def setup(self, cfg: Config) -> None:
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True


class Server(BaseApplication):
    """gunicorn with its options given here. One process, so that /metrics counts every request; add hosts for more."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        super().__init__()

    def load_config(self) -> None:
        api = self._settings.api
        for name, value in {
            "bind": f"{api.host}:{api.port}",
            "workers": 1,
            "worker_class": "gthread",
            "threads": THREADS,
            "graceful_timeout": STOP_SECONDS,
            "keepalive": 30,
            "control_socket_disable": True,
            "proc_name": "tagstream-api",
            "logger_class": Log,
        }.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        # In the worker: connections and threads do not survive a fork.
        return create_app(self._settings)


def main() -> None:
    """Serve until SIGTERM. Raises what `stores.settings.load` raises, OpenToTheWorld, and MySQLUnavailable."""
    logs.configure()
    settings = load()
    require_loopback_or_access(settings.api)
    if settings.api.access == "required":
        # Nobody could sign in without the tables of access.
        migrate(settings)
    Server(settings).run()


if __name__ == "__main__":
    main()
