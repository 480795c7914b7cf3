"""Whether anybody publishes tags."""

from __future__ import annotations

from collections.abc import Sequence

from api.health_ports import Finding
from api.live.checks import ANSWER_SECONDS
from stores.registry.leader import CONTROLLER, is_led
from stores.settings import Settings


class ControllerCheck:
    """A controller leads. Without one every tag stays as it is: what is to be built, switched to or removed waits."""

    name = "controller"
    essential = False

    def __init__(self, settings: Settings, lock: str = CONTROLLER) -> None:
        self._settings = settings
        self._lock = lock

    def run(self) -> Sequence[Finding]:
        if is_led(self._settings, self._lock, ANSWER_SECONDS):
            return [Finding(self.name, "ok", "leads")]
        return [
            Finding(self.name, "degraded", "none leads: new tag versions wait; fix: start `python -m jobs.controller`")
        ]
