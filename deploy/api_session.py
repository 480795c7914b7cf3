"""The API as commands ask it: by HTTP, with a key, so that access control and the audit log hold at a shell too."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any
from urllib.parse import quote

import requests
import typer

from stores.settings import load

ANSWER_SECONDS = 60
KEY_VARIABLE = "TAGSTREAM_API_KEY"
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Url = Annotated[
    str, typer.Option("--url", envvar="TAGSTREAM_URL", help="The API; default: where the settings have it.")
]


class ApiFailed(RuntimeError):
    """The API refused what was asked, or does not answer; the text says why, with every problem and what to do."""


def at(template: str, **names: object) -> str:
    """A path with names in it, whatever characters they have."""
    return "/api/v1" + template.format(**{name: quote(str(value), safe="") for name, value in names.items()})


class ApiSession:
    """One API. Every method raises ApiFailed.

    The key comes from the environment alone: arguments are in everybody's list of processes.
    """

    def __init__(self, url: str = "") -> None:
        api = load().api
        self.url = (url or f"http://{api.host}:{api.port}").rstrip("/")
        self._session = requests.Session()
        if key := os.environ.get(KEY_VARIABLE):
            self._session.headers["Authorization"] = f"Bearer {key}"

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        """An answer in JSON."""
        return self._answered("GET", path, params=query).json()

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """An answer in JSON to one that is sent."""
        return self._answered("POST", path, json=body).json()

    def delete(self, path: str) -> dict[str, Any]:
        """An answer in JSON to what is removed."""
        return self._answered("DELETE", path).json()

    @contextmanager
    def download(self, path: str, **query: Any) -> Iterator[requests.Response]:
        """A file as it comes. What breaks off before its end raises too."""
        answer = self._answered("GET", path, params=query, stream=True)
        try:
            yield answer
        except requests.RequestException as error:
            raise ApiFailed(f"{self.url}{path} broke off: {error}; nothing was kept") from error
        finally:
            answer.close()

    def items(self, path: str, most: int, page: int, **query: Any) -> Iterator[dict[str, Any]]:
        """Of a list that is paged by cursor, the first `most`."""
        while most > 0:
            found = self.get(path, limit=min(page, most), **query)
            yield from found["items"]
            most -= len(found["items"])
            if found["next"] is None:
                return
            query["cursor"] = found["next"]

    def _answered(self, method: str, path: str, **given: Any) -> requests.Response:
        try:
            answer = self._session.request(method, self.url + path, timeout=ANSWER_SECONDS, **given)
        except requests.RequestException as error:
            raise ApiFailed(
                f"the API at {self.url} does not answer: {error}; fix: tagstream status, or --url"
            ) from error
        if not answer.ok:
            raise ApiFailed(_said(answer))
        return answer


def _said(answer: requests.Response) -> str:
    try:
        error = answer.json()["error"]
    except (ValueError, KeyError, TypeError):
        return f"{answer.url} answered {answer.status_code}, and no word of Tagstream's API; fix: --url"
    lines = [error["message"], *(f"  {found['path']}: {found['message']}" for found in error["problems"])]
    if answer.status_code in (401, 403):
        lines.append(f"fix: a key of `tagstream access add-key` in {KEY_VARIABLE}")
    return "\n".join(lines)


@contextmanager
def failures() -> Iterator[None]:
    """End the command with its cause on standard error and exit status 1, without a trace."""
    try:
        yield
    except (ApiFailed, OSError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from None


def say(line: str, as_json: bool, found: Any) -> None:
    """What was found, for a person or for a program."""
    typer.echo(json.dumps(found, ensure_ascii=False) if as_json else line)
