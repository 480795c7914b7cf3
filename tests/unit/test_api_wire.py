"""How every answer travels: its error shape, its id, its headers, its compression, what is counted and logged."""

import gzip

import pytest
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from api import create_app
from api.wire import PAGE_POLICY
from stores.settings import Settings
from tests.fakes.api_stores import World, seeded


@pytest.fixture
def world() -> World:
    return seeded(60)


@pytest.fixture
def built(tmp_path):
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>Tagstream</title>")
    (tmp_path / "favicon.svg").write_text("<svg/>")
    (tmp_path / "assets" / "index-a1b2c3.js").write_text("//" + "x" * 2000)
    return tmp_path


@pytest.fixture
def app(world, built):
    return create_app(Settings(), world.stores(), built_dashboard=built)


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/v1/nothing", 404, "route_not_found"),
        ("GET", "/api", 404, "route_not_found"),
        ("GET", "/metrics/x", 404, "route_not_found"),
        ("DELETE", "/api/v1/tags", 405, "method_not_allowed"),
        ("GET", "/api/v1/events", 405, "method_not_allowed"),
        ("POST", "/users", 405, "method_not_allowed"),
        ("GET", "/assets/index-gone.js", 404, "route_not_found"),
        ("GET", "/api/v1/users?limit=x", 422, "invalid_input"),
    ],
)
def test_every_error_has_the_one_shape(client, method, path, status, code):
    answer = client.open(path, method=method)
    assert answer.status_code == status
    error = answer.json["error"]
    assert set(answer.json) == {"error"}
    assert set(error) == {"code", "message", "problems", "request_id"}
    assert error["code"] == code
    assert error["request_id"] == answer.headers["X-Request-Id"]


def test_a_wrong_method_is_answered_with_those_that_are_right(client):
    answer = client.get("/api/v1/events")
    assert answer.headers["Allow"] == "OPTIONS, POST" or answer.headers["Allow"] == "POST, OPTIONS"
    assert "POST" in answer.json["error"]["message"]


def test_an_unexpected_failure_says_nothing_of_its_inside_and_logs_it_all(app, world):
    world.profiles.read = lambda user_id: 1 / 0
    with capture_logs([merge_contextvars]) as entries:
        answer = app.test_client().get("/api/v1/users/u1")
    assert (answer.status_code, answer.json["error"]["code"]) == (500, "internal_error")
    assert "division" not in answer.text and "Traceback" not in answer.text
    failure = next(entry for entry in entries if entry["event"] == "unexpected_error")
    assert isinstance(failure["exc_info"], ZeroDivisionError)
    assert failure["request_id"] == answer.headers["X-Request-Id"]


def test_a_request_id_comes_back_and_a_strange_one_is_replaced(client):
    assert client.get("/metrics", headers={"X-Request-Id": "abc-1.2_3"}).headers["X-Request-Id"] == "abc-1.2_3"
    for strange in ("a b", "x" * 65, "a\tb", "<script>"):
        assert len(client.get("/metrics", headers={"X-Request-Id": strange}).headers["X-Request-Id"]) == 32


def test_a_request_is_logged_by_route_template_without_ids(client):
    with capture_logs([merge_contextvars]) as entries:
        client.get("/api/v1/users/secret-person?x=1", headers={"X-Request-Id": "r1"})
    entry = next(entry for entry in entries if entry["event"] == "request")
    assert (entry["method"], entry["route"], entry["status"]) == ("GET", "/api/v1/users/<path:user_id>", 404)
    assert (entry["request_id"], entry["error"]) == ("r1", "user_not_found")
    assert entry["milliseconds"] >= 0
    assert "secret-person" not in str(entry)


def test_requests_are_counted_by_route_template(client):
    client.get("/api/v1/users/u1")
    client.get("/api/v1/users/u2")
    client.get("/api/v1/nothing/here")
    client.open("/api/v1/tags", method="BREW")
    text = client.get("/metrics").text
    route = "/api/v1/users/<path:user_id>"
    assert f'tagstream_api_requests_total{{method="GET",route="{route}",status="200"}} 2.0' in text
    assert f'tagstream_api_request_seconds_count{{method="GET",route="{route}"}} 2.0' in text
    assert 'method="OTHER"' in text and "BREW" not in text
    assert "nothing/here" not in text


def test_two_apps_in_one_process_count_apart(world):
    first, second = (create_app(Settings(), world.stores()).test_client() for _ in range(2))
    first.get("/api/v1/tags")
    assert "/api/v1/tags" not in second.get("/metrics").text


def test_a_large_answer_is_compressed_for_a_client_that_takes_it(client):
    plain = client.get("/api/v1/users?limit=60")
    packed = client.get("/api/v1/users?limit=60", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert len(packed.data) < len(plain.data) == int(plain.headers["Content-Length"])
    assert "Accept-Encoding" in packed.headers["Vary"] and "Accept-Encoding" in plain.headers["Vary"]


def test_a_client_that_refuses_gzip_or_a_small_answer_gets_it_plain(client):
    assert (
        "Content-Encoding" not in client.get("/api/v1/users?limit=60", headers={"Accept-Encoding": "gzip;q=0"}).headers
    )
    assert "Content-Encoding" not in client.get("/api/v1/users?limit=1", headers={"Accept-Encoding": "gzip"}).headers


@pytest.mark.parametrize("path", ["/", "/api/v1/tags", "/api/v1/nothing", "/assets/index-a1b2c3.js", "/metrics"])
def test_every_answer_keeps_a_browser_strict(client, path):
    headers = client.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    policy = headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-eval" not in policy
    assert "'unsafe-inline'" not in policy.partition("style-src-attr")[0]


def test_answers_of_the_api_are_never_kept_by_a_browser(client):
    assert client.get("/api/v1/tags").headers["Cache-Control"] == "no-store"


def test_the_page_is_always_asked_for_again_and_its_assets_never(client):
    page = client.get("/")
    assert page.headers["Cache-Control"] == "no-cache"
    assert page.headers["Content-Security-Policy"] == PAGE_POLICY
    again = client.get("/", headers={"If-None-Match": page.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    asset = client.get("/assets/index-a1b2c3.js", headers={"Accept-Encoding": "gzip"})
    assert asset.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert asset.headers["Content-Type"].startswith("text/javascript")
    assert gzip.decompress(asset.data).startswith(b"//x")


@pytest.mark.parametrize("path", ["/users/u1", "/tags", "/apiary", "/deep/link/with.dots"])
def test_a_deep_link_is_the_page(client, path):
    answer = client.get(path)
    assert (answer.status_code, answer.mimetype) == (200, "text/html")


@pytest.mark.parametrize("path", ["/../pyproject.toml", "/%2e%2e/%2e%2e/etc/passwd", "/assets/../../x"])
def test_no_path_leads_out_of_the_built_files(client, built, path):
    (built.parent / "x").write_text("secret")
    assert "secret" not in client.get(path).text
    assert "root:" not in client.get(path).text


def test_a_dashboard_that_is_not_built_says_how_to_build_it(world, tmp_path):
    answer = create_app(Settings(), world.stores(), built_dashboard=tmp_path / "none").test_client().get("/users/u1")
    assert (answer.status_code, answer.json["error"]["code"]) == (404, "dashboard_not_built")
    assert "npm run build" in answer.json["error"]["message"]
