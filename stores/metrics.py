"""Prometheus metrics of a process: names that dashboards and alerts rely on, and the /metrics they are read from."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram, start_http_server

from stores import logs
from stores.settings import Settings

_WAITS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)

MESSAGES = Counter("tagstream_messages_total", "Kafka messages handled and flushed", ["job"])
BYTES = Counter("tagstream_bytes_total", "Bytes of the keys and values of the messages handled", ["job"])
BATCHES = Counter("tagstream_batches_total", "Batches flushed", ["job"])
ROWS = Counter("tagstream_rows_total", "Rows written to a store, after repeats were folded", ["job", "store"])
DEAD_LETTERS = Counter("tagstream_dead_letters_total", "Messages refused, by reason", ["job", "reason"])
WRITE_SECONDS = Histogram(
    "tagstream_write_seconds", "Seconds one batch took to write, retries included", ["job"], buckets=_WAITS
)
FRESHNESS_SECONDS = Histogram(
    "tagstream_freshness_seconds",
    "Age of a message when its batch was flushed: now minus its Kafka timestamp",
    ["job"],
    buckets=_WAITS,
)
END_TO_END_SECONDS = Histogram(
    "tagstream_end_to_end_seconds",
    "From when an event occurred, by its own time, until it (sink_events) or the tag value that it made (sink_values) was stored",
    ["job"],
    buckets=(0.5, 1, 2.5, 5, 7.5, 10, 15, 20, 30, 60, 120, 300, 900, 3600, 86400),
)
LAG = Gauge("tagstream_lag_messages", "Messages in the log after the last one flushed", ["job", "topic", "partition"])
COMMITTED_AT = Gauge("tagstream_committed_at_seconds", "When offsets were last committed, epoch seconds", ["job"])
STORE_UP = Gauge(
    "tagstream_store_up", "1 when the last use of the store succeeded, 0 while waiting for it", ["job", "store"]
)
TICKS = Counter("tagstream_ticks_total", "Ticks written to the clock topic")
NEWEST_TICK = Gauge("tagstream_newest_tick_minute", "The newest complete minute in the clock topic, epoch minutes")
LEADS = Gauge("tagstream_controller_leads", "1 while this controller leads")
WRONG = Gauge(
    "tagstream_parity_wrong_values", "Values that differed when a tag's version was last proven", ["tag", "store"]
)
ACTIONS = Counter("tagstream_tag_actions_total", "Steps that the controller took for tag versions", ["step"])
SETTLED = Counter("tagstream_settled_restarts_total", "Restarts of jobs whose lost run was settled", ["job"])
EXAMPLES = Counter("tagstream_examples_total", "Examples by what the learner made of them", ["model", "taken"])
SCORED_LIVE = Gauge(
    "tagstream_model_scored_live", "1 while a live model's users are scored as their tags change", ["model"]
)
REFUSED_SCORES = Counter(
    "tagstream_model_refused_scores_total", "Users not scored for a feature's impossible value", ["model"]
)
MODEL_FROZEN = Gauge("tagstream_model_frozen", "1 when a model that learned was stopped by its guard", ["model"])
MODEL_SERVED = Gauge("tagstream_model_served", "1 while what a model learns is published for serving", ["model"])
MODEL_LOG_LOSS = Gauge("tagstream_model_log_loss", "Log-loss in a model's newest window", ["model", "scorer"])
MODEL_WRONG_FEATURES = Gauge(
    "tagstream_model_wrong_features", "Features of a live model that its newest report found wrong values of", ["model"]
)
MODEL_COMPARED_AT = Gauge(
    "tagstream_model_compared_at_seconds", "When a live model's newest report was made, epoch seconds", ["model"]
)
MODEL_ALARMS = Counter("tagstream_model_alarms_total", "Windows of a model that raised an alarm", ["model", "alarm"])


def observe_age(job: str, stored_at: float, occurred_at_ms: int) -> None:
    """Count something of this time that was stored at `stored_at`, epoch seconds. A sender's clock may run ahead of ours."""
    END_TO_END_SECONDS.labels(job).observe(max(0.0, stored_at - occurred_at_ms / 1000))


def serve(settings: Settings) -> int:
    """Serve /metrics from a thread of this process and return the port, which is a free one when settings name 0.

    Raises OSError when the port is taken.
    """
    server, _ = start_http_server(settings.metrics_port, addr=settings.metrics_host)
    port = server.server_port
    logs.get(__name__).info("metrics_served", host=settings.metrics_host, port=port)
    return port
