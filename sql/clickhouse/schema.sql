-- Tables of the analytical store. Every writer may deliver a row twice: all of them replace, and readers use FINAL or argMax.

CREATE TABLE IF NOT EXISTS users
(
    user_no UInt32,
    user_id String
)
ENGINE = ReplacingMergeTree
ORDER BY user_no;

-- The same rows, looked up and searched by id.
CREATE TABLE IF NOT EXISTS users_by_id
(
    user_id String,
    user_no UInt32
)
ENGINE = ReplacingMergeTree
ORDER BY user_id;

CREATE MATERIALIZED VIEW IF NOT EXISTS users_into_users_by_id TO users_by_id AS
SELECT user_id, user_no FROM users;

-- The newest value of every user: the highest offset wins, whatever order the rows arrive in.
CREATE TABLE IF NOT EXISTS tag_values
(
    tag LowCardinality(String),
    version UInt32,
    user_no UInt32,
    user_id String,
    value String COMMENT 'compact JSON text',
    number Nullable(Float64) COMMENT 'the value, where it is a number',
    present Bool COMMENT 'false: the user has no value',
    changed_at DateTime64(3, 'UTC'),
    partition UInt16,
    offset UInt64
)
ENGINE = ReplacingMergeTree(offset)
ORDER BY (tag, version, user_no);

CREATE TABLE IF NOT EXISTS tag_changes
(
    tag LowCardinality(String),
    version UInt32,
    user_no UInt32,
    user_id String,
    value String,
    number Nullable(Float64),
    present Bool,
    changed_at DateTime64(3, 'UTC'),
    partition UInt16,
    offset UInt64,
    INDEX changed_at_range changed_at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(changed_at)
ORDER BY (tag, version, user_no, partition, offset);

-- One row an event: `precedence` falls as the offset grows, so that the lowest offset wins, as it does in the stream.
CREATE TABLE IF NOT EXISTS events
(
    event_id String,
    user_id String,
    event_type LowCardinality(String),
    item_id Nullable(String),
    properties Map(String, String),
    occurred_at DateTime64(3, 'UTC'),
    logged_at DateTime64(3, 'UTC'),
    partition UInt16,
    offset UInt64,
    precedence UInt64 MATERIALIZED bitNot(offset)
)
ENGINE = ReplacingMergeTree(precedence)
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (user_id, event_id);

-- The same events in order of time. A projection would not do: FINAL cannot read one. An event_id that comes again with
-- another time is one row in `events` and two here: what must be exact counts distinct event_ids, or reads `events`.
CREATE TABLE IF NOT EXISTS events_by_time
(
    event_id String,
    user_id String,
    event_type LowCardinality(String),
    item_id Nullable(String),
    properties Map(String, String),
    occurred_at DateTime64(3, 'UTC'),
    logged_at DateTime64(3, 'UTC'),
    partition UInt16,
    offset UInt64,
    precedence UInt64 MATERIALIZED bitNot(offset),
    INDEX logged_at_range logged_at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(precedence)
PARTITION BY toYYYYMM(occurred_at)
ORDER BY (occurred_at, user_id, event_id);

CREATE MATERIALIZED VIEW IF NOT EXISTS events_into_events_by_time TO events_by_time AS
SELECT event_id, user_id, event_type, item_id, properties, occurred_at, logged_at, partition, offset FROM events;

-- What could not be read as an event, byte for byte.
CREATE TABLE IF NOT EXISTS dead_letters
(
    topic LowCardinality(String),
    partition UInt16,
    offset UInt64,
    reason LowCardinality(String),
    detail String,
    payload String,
    logged_at DateTime64(3, 'UTC'),
    seen_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY (topic, partition, offset);

-- How far each bucket of users (user_no >> 20) has come: the highest offset of each partition. Kept by every insert into tag_values.
CREATE TABLE IF NOT EXISTS bitmap_places
(
    tag LowCardinality(String),
    version UInt32,
    bucket UInt16,
    partition UInt16,
    offset SimpleAggregateFunction(max, UInt64)
)
ENGINE = AggregatingMergeTree
ORDER BY (tag, version, bucket, partition);

CREATE MATERIALIZED VIEW IF NOT EXISTS tag_values_into_bitmap_places TO bitmap_places AS
SELECT tag, version, toUInt16(bitShiftRight(user_no, 20)) AS bucket, partition, max(offset) AS offset
FROM tag_values
GROUP BY tag, version, bucket, partition;

-- How far the stored events reach, by partition. Kept by every insert into events.
CREATE TABLE IF NOT EXISTS event_places
(
    partition UInt16,
    offset SimpleAggregateFunction(max, UInt64)
)
ENGINE = AggregatingMergeTree
ORDER BY partition;

CREATE MATERIALIZED VIEW IF NOT EXISTS events_into_event_places TO event_places AS
SELECT partition, max(offset) AS offset FROM events GROUP BY partition;

-- Who has a value, one bitmap a bucket. The tag '' in version 0 holds all users. A row counts once bitmap_buckets names its
-- generation. Ordered by number, so that a range reads its own rows alone.
CREATE TABLE IF NOT EXISTS tag_bitmaps
(
    tag LowCardinality(String),
    version UInt32,
    number Float64 COMMENT 'the value, where it is a number; else 0',
    value String COMMENT 'compact JSON text',
    bucket UInt16,
    generation UInt64,
    users AggregateFunction(groupBitmap, UInt32)
)
ENGINE = MergeTree
ORDER BY (tag, version, number, value, bucket, generation)
SETTINGS index_granularity = 64, index_granularity_bytes = 1048576;

-- Which generation of a bucket's bitmaps is whole, and how much of the log is in it. One insert publishes one generation.
CREATE TABLE IF NOT EXISTS bitmap_buckets
(
    tag LowCardinality(String),
    version UInt32,
    bucket UInt16,
    generation UInt64,
    places Map(UInt16, UInt64) COMMENT 'the highest offset in it, by partition; of the tag \'\' that of the events',
    built_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree
ORDER BY (tag, version, bucket, generation);

-- How well the models that learn do: one row a window of examples and scorer. A window that is written again is the same.
CREATE TABLE IF NOT EXISTS model_quality
(
    model LowCardinality(String),
    window UInt32,
    scorer LowCardinality(String) COMMENT 'online: the model that learns; frozen: its baseline; chance: how frequent positives were so far',
    examples UInt32,
    positives UInt32,
    auc Nullable(Float64) COMMENT 'none where all labels are the same',
    log_loss Float64,
    brier Float64,
    bin_low Array(Float64) COMMENT 'calibration: equally wide bins of the scores, without empty ones',
    bin_examples Array(UInt32),
    bin_score Array(Float64) COMMENT 'mean score',
    bin_share Array(Float64) COMMENT 'share of positives',
    opened_at DateTime64(3, 'UTC') COMMENT 'when the first of its labels was decided',
    closed_at DateTime64(3, 'UTC'),
    health LowCardinality(String) COMMENT 'warming, good, doubtful or frozen, after this window',
    reason String,
    loss_rose Bool,
    written_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(written_at)
ORDER BY (model, window, scorer);

-- How the features of a window's examples compare with those of the model's first ones.
CREATE TABLE IF NOT EXISTS model_drift
(
    model LowCardinality(String),
    window UInt32,
    feature String,
    kind LowCardinality(String) COMMENT 'number or category',
    psi Float64,
    ks Nullable(Float64) COMMENT 'numbers alone',
    p Nullable(Float64) COMMENT 'of ks',
    missing Float64 COMMENT 'share of the examples',
    missing_before Float64,
    moved Bool,
    closed_at DateTime64(3, 'UTC'),
    written_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(written_at)
ORDER BY (model, window, feature);

-- Every row change of MySQL: Kafka can't be searched by a row's key, and an explanation needs one user's rows at once.
-- Small granules, since one user's rows are each read from a granule of their own.
CREATE TABLE IF NOT EXISTS row_changes
(
    source LowCardinality(String),
    key String,
    row String COMMENT 'compact JSON text: decimals as text, times as epoch milliseconds',
    deleted Bool,
    changed_at DateTime64(3, 'UTC') COMMENT 'when the database did it',
    logged_at DateTime64(3, 'UTC'),
    partition UInt16,
    offset UInt64,
    place UInt16 COMMENT 'among the rows of one message'
)
ENGINE = ReplacingMergeTree
ORDER BY (source, key, partition, offset, place)
SETTINGS index_granularity = 512;

-- Which rows ever had a value in a column that names a user.
CREATE TABLE IF NOT EXISTS row_lookups
(
    source LowCardinality(String),
    column LowCardinality(String),
    value String,
    key String
)
ENGINE = ReplacingMergeTree
ORDER BY (source, column, value, key);

-- To which person each id belonged since a change, and when the log was told of it: who was one person at any time.
CREATE TABLE IF NOT EXISTS identities
(
    user_id String,
    change UInt64,
    canonical SimpleAggregateFunction(any, String),
    logged_at SimpleAggregateFunction(min, DateTime64(3, 'UTC'))
)
ENGINE = AggregatingMergeTree
ORDER BY (user_id, change);

-- When each minute's first tick was logged: what "now" was at a past time.
CREATE TABLE IF NOT EXISTS clock_ticks
(
    minute UInt32,
    ticked_at SimpleAggregateFunction(min, DateTime64(3, 'UTC'))
)
ENGINE = AggregatingMergeTree
ORDER BY minute;

-- Every copy of every event that arrived, by its place in the log, so that copies can be counted: `events` keeps the first alone.
-- Kept by every insert into `events`; a batch that is delivered again falls on its own rows.
CREATE TABLE IF NOT EXISTS event_arrivals
(
    partition UInt16,
    offset UInt64,
    event_hash UInt64 COMMENT 'sipHash64 of the event_id: of several events in one message each has its own row',
    user_id String,
    occurred_at DateTime64(3, 'UTC'),
    logged_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(logged_at)
ORDER BY (toStartOfHour(logged_at), partition, offset, event_hash)
TTL toDateTime(logged_at) + INTERVAL 90 DAY;

CREATE MATERIALIZED VIEW IF NOT EXISTS events_into_event_arrivals TO event_arrivals AS
SELECT partition, offset, sipHash64(event_id) AS event_hash, user_id, occurred_at, logged_at FROM events;

-- Every copy of every row change that arrived, for the same count: by hashes alone, so that it says nothing of anybody.
CREATE TABLE IF NOT EXISTS row_arrivals
(
    source LowCardinality(String),
    partition UInt16,
    offset UInt64,
    place UInt16 COMMENT 'among the rows of one message',
    change_hash UInt64 COMMENT 'sipHash64 of the key, the row as it was left, and when the database did it',
    changed_at DateTime64(3, 'UTC'),
    logged_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(logged_at)
ORDER BY (toStartOfHour(logged_at), source, partition, offset, place)
TTL toDateTime(logged_at) + INTERVAL 90 DAY;

CREATE MATERIALIZED VIEW IF NOT EXISTS row_changes_into_row_arrivals TO row_arrivals AS
SELECT source, partition, offset, place, sipHash64(key, row, deleted, changed_at) AS change_hash, changed_at, logged_at FROM row_changes;

-- What tags were as of a moment of the past, recomputed from the log for a sample of the users: what models learn from.
CREATE TABLE IF NOT EXISTS feature_values
(
    tag LowCardinality(String),
    version UInt32,
    checksum String COMMENT 'SHA-256 of the tag''s SQL',
    as_of DateTime64(3, 'UTC'),
    sample LowCardinality(String) COMMENT 'users whose hash is below this; see tagging/sampling.py',
    user_id String,
    value String COMMENT 'compact JSON text'
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(as_of)
ORDER BY (tag, version, checksum, sample, as_of, user_id);

-- One row a tag version and moment whose values are all there.
CREATE TABLE IF NOT EXISTS feature_moments
(
    tag LowCardinality(String),
    version UInt32,
    checksum String,
    sample LowCardinality(String),
    as_of DateTime64(3, 'UTC'),
    users UInt64,
    taken_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(taken_at)
ORDER BY (tag, version, checksum, sample, as_of);

-- Every vector that a model was asked with, as the topic `predictions` holds it: what is compared with `tag_changes`.
CREATE TABLE IF NOT EXISTS served_vectors
(
    model LowCardinality(String),
    version UInt32,
    prediction_id String,
    user_id String,
    features String COMMENT 'compact JSON text: tag to value, null where there was none',
    score Float64,
    predicted_at DateTime64(3, 'UTC'),
    logged_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(predicted_at)
ORDER BY (model, version, predicted_at, prediction_id)
TTL toDateTime(predicted_at) + INTERVAL 90 DAY;

-- A crowd's members as of a generation of bitmaps, kept under a snapshot's id. A row counts once the snapshot names its generation.
CREATE TABLE IF NOT EXISTS crowd_snapshots
(
    snapshot String,
    generation UInt64,
    bucket UInt16,
    members AggregateFunction(groupBitmap, UInt32)
)
ENGINE = ReplacingMergeTree
ORDER BY (snapshot, generation, bucket);

-- Users who entered a watched crowd or left it. A row counts once crowd_batches names its attempt: others were planned by a
-- process that ended before its plan was agreed on. Kept 90 days.
CREATE TABLE IF NOT EXISTS crowd_deltas
(
    watch String,
    attempt String,
    sequence UInt64,
    user_no UInt32,
    change LowCardinality(String) COMMENT 'enter or leave',
    at DateTime64(3, 'UTC'),
    tick UInt32,
    rule_version UInt32
)
ENGINE = ReplacingMergeTree
ORDER BY (watch, attempt, sequence)
TTL toDateTime(at) + INTERVAL 90 DAY;

-- Whom a watch holds after a batch, in the buckets that the batch changed, and all that it ever held.
CREATE TABLE IF NOT EXISTS crowd_watch_members
(
    watch String,
    attempt String,
    batch UInt64,
    bucket UInt16,
    members AggregateFunction(groupBitmap, UInt32),
    ever AggregateFunction(groupBitmap, UInt32)
)
ENGINE = ReplacingMergeTree
ORDER BY (watch, attempt, batch, bucket);

-- Which attempt at a batch was agreed on.
CREATE TABLE IF NOT EXISTS crowd_batches
(
    watch String,
    batch UInt64,
    attempt String
)
ENGINE = ReplacingMergeTree
ORDER BY (watch, batch);

-- Who is being erased now: what deletes names this table and never a user, since a mutation's text stays on disk. In memory
-- alone; a server that restarts has forgotten it, and the erasure writes it again.
CREATE TABLE IF NOT EXISTS erasing
(
    user_id String,
    user_no UInt32 COMMENT '0: the user has none',
    tokens Array(String) COMMENT 'how texts that are no columns write the id'
)
ENGINE = Memory;
