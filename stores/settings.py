"""Configuration: `TAGSTREAM_*` variables over a TOML file over defaults. Production differs from the demo by this alone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from stores.own_sources import declare_own
from tagging.access import Role

LOCAL_CONFIG = Path(__file__).parent.parent / ".local" / "demo" / "tagstream.toml"
"""Where the local stack writes the addresses that it really got; read when TAGSTREAM_CONFIG names no other file."""


class Kafka(BaseModel):
    """How to reach the log. `partitions` and `replication` are used when Tagstream creates a topic."""

    bootstrap_servers: str = "127.0.0.1:9092"
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: str | None = None
    sasl_username: str | None = None
    sasl_password: SecretStr | None = None
    ssl_ca_file: str | None = None
    partitions: int = Field(4, ge=1)
    replication: int = Field(1, ge=1)
    events_retention_days: int | None = Field(
        None, ge=1, description="Of events, predictions and scores, in topics made from now on; for ever where None"
    )


class MySQL(BaseModel):
    """The server that holds the `shop` source tables and the `tagging` registry."""

    host: str = "127.0.0.1"
    port: int = 3306
    user: str = "tagstream"
    password: SecretStr = SecretStr("tagstream")
    shop_database: str = "shop"
    tagging_database: str = "tagging"
    ssl_ca_file: str | None = None


class ClickHouse(BaseModel):
    """ClickHouse's HTTP interface."""

    host: str = "127.0.0.1"
    port: int = 8123
    user: str = "default"
    password: SecretStr = SecretStr("")
    database: str = "tagstream"
    secure: bool = False


class HBase(BaseModel):
    """HBase's Thrift interface and the table of profiles."""

    host: str = "127.0.0.1"
    port: int = 9090
    table: str = "profile"
    timeout_seconds: float = 30


class Flink(BaseModel):
    """A Flink cluster by its REST address. `state_dir` is where checkpoints and savepoints go (a URI the cluster can write).

    `batch_rest_url`: another cluster for batch runs, where that of `rest_url` runs the tags' job alone (application mode).
    `restart_attempts`: how often a job that keeps failing is started again, 30 s apart at most, before it ends with its cause:
    40 are a quarter of an hour, in which a TaskManager that went may come back. `merges`: whether users can be merged, which
    costs a join and a state for every row that names one; jobs replay the log where that changes.
    """

    rest_url: str = "http://127.0.0.1:8081"
    batch_rest_url: str = ""
    parallelism: int = Field(2, ge=1)
    state_dir: str = "file:///tmp/tagstream-state"
    checkpoint_seconds: int = Field(30, ge=1)
    restart_attempts: int = Field(40, ge=1)
    connector_jar: str = ""
    deduplicate_days: int = Field(7, ge=1)
    late_days: int = Field(7, ge=1)
    merges: bool = True

    def for_batch(self) -> Flink:
        """The cluster that batch runs go to."""
        return self.model_copy(update={"rest_url": self.batch_rest_url or self.rest_url})


class Connect(BaseModel):
    """Kafka Connect's REST address, asked for the state of the Debezium connector."""

    url: str = "http://127.0.0.1:8083"


class Oidc(BaseModel):
    """An OpenID Connect provider that people may sign in by; none while `issuer` is empty.

    `redirect_url` is registered with the provider: the API's own address and /api/v1/session/oidc/callback. Who signs in
    for the first time gets `default_role`, and the claim `name_claim` for a name.
    """

    issuer: str = ""
    client_id: str = ""
    client_secret: SecretStr = SecretStr("")
    redirect_url: str = ""
    title: str = "Single sign-on"
    name_claim: str = "preferred_username"
    default_role: Role = Role.VIEWER


class Api(BaseModel):
    """Where the API listens, who may use it, and how much one caller may ask.

    `access`: `open` takes everyone for a local admin and is refused unless `host` is loopback; `required` wants a user or
    an API key. `trusted_proxies` is how many proxies stand before the API and say for whom they ask.
    """

    host: str = "127.0.0.1"
    port: int = 5000
    max_body_bytes: int = 1_000_000
    max_events_per_request: int = 1_000
    access: Literal["open", "required"] = "open"
    cookie_secure: bool = Field(True, description="Sessions travel over https alone, or to a browser's own machine")
    session_hours: float = Field(12, gt=0)
    trusted_proxies: int = Field(0, ge=0)
    requests_per_minute: int = Field(6_000, ge=1, description="Of one user or API key")
    refusals_per_minute: int = Field(
        30, ge=1, description="Failed sign-ins from one address; wrong sessions and keys likewise"
    )
    passwords: bool = Field(True, description="False: people sign in by the identity provider alone")
    guesses_per_quarter_hour: int = Field(10, ge=1, description="Wrong passwords for one name")
    limits_storage: str = Field("memory://", description="Where `limits` counts; redis://... for several processes")
    oidc: Oidc = Oidc()

    @model_validator(mode="after")
    def _somebody_can_sign_in(self) -> Api:
        if not self.passwords and not self.oidc.issuer:
            raise ValueError("passwords is false and oidc.issuer is empty: nobody could sign in; set one of them")
        return self


class Sinks(BaseModel):
    """How much a sink takes at once, and how many refused messages it takes before it stops for a person to look.

    A batch ends with `batch_messages`, or `linger_seconds` after its first message. `group_prefix` begins the names of the
    sinks' consumer groups: another one reads the log from the beginning, beside the first.
    """

    group_prefix: str = "tagstream"
    batch_messages: int = Field(20_000, ge=1)
    profile_linger_seconds: float = Field(0.05, ge=0)
    clickhouse_linger_seconds: float = Field(0.5, ge=0)
    dead_letters_window: int = Field(1_000, ge=1)
    dead_letters_share: float = Field(0.5, ge=0, le=1)
    dead_letters_most: int | None = None


class Learning(BaseModel):
    """How models learn from the stream: a snapshot `snapshot_seconds` after the first example that is not in one, or after
    `batch_messages`. The rest is settled when a model begins; another value counts for those that begin later.

    `bits`, `alpha`, `beta`, `l1`, `l2`, `block`: see prediction/ftrl.py. `window`: examples that are judged together;
    `reference`: of a model's first examples, what later features are compared with; `remembered`: how many are known by id.
    """

    snapshot_seconds: float = Field(2, gt=0)
    batch_messages: int = Field(1_000, ge=1)
    bits: int = Field(16, ge=4, le=20)
    alpha: float = Field(0.2, gt=0)
    beta: float = Field(1.0, ge=0)
    l1: float = Field(0.0, ge=0)
    l2: float = Field(0.1, ge=0)
    block: int = Field(16, ge=1, le=1_024)
    window: int = Field(256, ge=32, le=10_000)
    reference: int = Field(512, ge=32, le=10_000)
    remembered: int = Field(50_000, ge=1_024, le=1_000_000)


class Publishing(BaseModel):
    """How a tag's version goes live, and for how long the one before is kept up to date for a rollback.

    `parallelism`: of a job that carries versions which were published, and of the batch run that proves one. Where more than
    `most_own_jobs` live versions have a job of their own, they move into a shared one.

    The controller looks every `round_seconds` while something is under way. Else a change of the registry wakes it, which
    it learns of from the binlog; `poll_seconds` is for what nothing tells: a lost job, an end of a rollback window.
    """

    approval_required: bool = False
    rollback_hours: float = Field(24, ge=0)
    parallelism: int = Field(1, ge=1)
    most_own_jobs: int = Field(3, ge=0)
    round_seconds: float = Field(0.5, gt=0)
    poll_seconds: float = Field(5, gt=0)
    preview_seconds: float = Field(60, gt=0, description="After this a preview's run on the cluster is stopped")


class Webhooks(BaseModel):
    """How deltas of watched crowds are sent to webhooks. `allow_private`: also to private addresses, and by http."""

    allow_private: bool = False
    timeout_seconds: float = Field(10, gt=0, le=60)
    most_attempts: int = Field(12, ge=1, description="After so many a body is dead-lettered, and its hook rests")


class Erasure(BaseModel):
    """How users are erased. `secret` turns an id into what stands for it in the log: made at random once, never changed.

    `settle_seconds`: what a sink had in hand when somebody was erased is written by then; longer than any store's time-out.
    """

    secret: SecretStr = SecretStr("")
    settle_seconds: float = Field(90, ge=0)


class Settings(BaseSettings):
    """All of Tagstream's configuration. A nested value's variable is TAGSTREAM_KAFKA__BOOTSTRAP_SERVERS and so on."""

    model_config = SettingsConfigDict(env_prefix="TAGSTREAM_", env_nested_delimiter="__", extra="ignore")

    kafka: Kafka = Kafka()
    mysql: MySQL = MySQL()
    clickhouse: ClickHouse = ClickHouse()
    hbase: HBase = HBase()
    flink: Flink = Flink()
    connect: Connect = Connect()
    api: Api = Api()
    sinks: Sinks = Sinks()
    publishing: Publishing = Publishing()
    webhooks: Webhooks = Webhooks()
    learning: Learning = Learning()
    erasure: Erasure = Erasure()
    cdc_format: Literal["debezium", "canal"] = "debezium"
    sources: Path = Field(
        Path(__file__).parent.parent / "sources", description="A folder of one's own source tables, one TOML file each"
    )
    metrics_port: int = Field(0, description="Port of a job's own /metrics; 0 takes a free one")
    metrics_host: str = Field("127.0.0.1", description="Where /metrics listens; 0.0.0.0 lets another host scrape it")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        named = os.environ.get("TAGSTREAM_CONFIG")
        if named and not Path(named).is_file():
            raise FileNotFoundError(f"TAGSTREAM_CONFIG names {named}, and there is no such file")
        file = TomlConfigSettingsSource(settings_cls, Path(named) if named else LOCAL_CONFIG)
        return init_settings, env_settings, file


def load() -> Settings:
    """Read the settings now, and with them the deployment's own source tables: from here on the catalogue has them.

    Raises pydantic.ValidationError naming each wrong value, FileNotFoundError for a missing file, SourceProblems.
    """
    settings = Settings()
    declare_own(settings.sources)
    return settings
