-- Views for analysts: of each tag the live version alone, of each row the newest copy alone. Those that begin with seen_ take the
-- sensitivities that may be seen; those that begin with v_ show what everyone may see, and are what other tools read, by a user
-- who may read nothing else: they are read with the rights of who made them.

-- Which version of each tag is live (0: none any more), and who may see its values. Kept by jobs.bitmaps.
CREATE TABLE IF NOT EXISTS live_tags
(
    tag LowCardinality(String),
    version UInt32,
    sensitivity LowCardinality(String),
    written_at DateTime64(3, 'UTC') COMMENT 'the newest row counts'
)
ENGINE = ReplacingMergeTree(written_at)
ORDER BY tag;

-- Who was in a saved crowd, one bitmap a bucket of users. A row counts once crowd_states names its build.
CREATE TABLE IF NOT EXISTS crowd_bitmaps
(
    crowd LowCardinality(String),
    build UInt64,
    bucket UInt16,
    users AggregateFunction(groupBitmap, UInt32)
)
ENGINE = ReplacingMergeTree
ORDER BY (crowd, build, bucket);

-- Which build of each saved crowd is whole (0: the crowd is no more), and who may see whom it takes. Kept by jobs.bitmaps.
CREATE TABLE IF NOT EXISTS crowd_states
(
    crowd LowCardinality(String),
    build UInt64,
    generation UInt64 COMMENT 'of the bitmaps that it was built of',
    fingerprint String COMMENT 'of the rule with all that it names, and of the versions that it read',
    sensitivity LowCardinality(String),
    built_at DateTime64(3, 'UTC') COMMENT 'the members are as of then',
    written_at DateTime64(3, 'UTC') COMMENT 'the newest row counts'
)
ENGINE = ReplacingMergeTree(written_at)
ORDER BY crowd;

CREATE OR REPLACE VIEW seen_tag_values AS
SELECT
    tag,
    version,
    user_no,
    user_id,
    if(startsWith(value, '"'), JSONExtractString(value), value) AS value,
    number,
    changed_at
FROM tag_values FINAL
WHERE present
  AND (tag, version) IN
  (
      SELECT tag, version
      FROM live_tags FINAL
      WHERE version > 0 AND has({sees:Array(String)}, sensitivity)
  );

CREATE OR REPLACE VIEW seen_profile AS
SELECT
    user_no,
    user_id,
    CAST(arraySort(groupArray((tag, value))), 'Map(String, String)') AS tags,
    CAST(arraySort(groupArrayIf((tag, assumeNotNull(number)), number IS NOT NULL)), 'Map(String, Float64)') AS numbers,
    max(changed_at) AS changed_at
FROM seen_tag_values(sees = {sees:Array(String)})
GROUP BY user_no, user_id;

CREATE OR REPLACE VIEW seen_crowd_members AS
SELECT crowd, user_no, known.user_id AS user_id, built_at
FROM
(
    SELECT
        bitmaps.crowd AS crowd,
        states.built_at AS built_at,
        arrayJoin(bitmapToArray(bitmaps.users)) AS user_no
    FROM crowd_bitmaps AS bitmaps FINAL
    INNER JOIN
    (
        SELECT crowd, build, built_at
        FROM crowd_states FINAL
        WHERE build > 0 AND has({sees:Array(String)}, sensitivity)
    ) AS states ON states.crowd = bitmaps.crowd AND states.build = bitmaps.build
) AS members
INNER JOIN (SELECT user_no, user_id FROM users FINAL) AS known USING (user_no);

CREATE OR REPLACE VIEW v_tag_values
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT tag, version, user_no, user_id, value, number, changed_at
FROM seen_tag_values(sees = ['public']);

CREATE OR REPLACE VIEW v_profile
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT user_no, user_id, tags, numbers, changed_at
FROM seen_profile(sees = ['public']);

CREATE OR REPLACE VIEW v_crowd_members
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT crowd, user_no, user_id, built_at
FROM seen_crowd_members(sees = ['public']);

CREATE OR REPLACE VIEW v_events
DEFINER = CURRENT_USER SQL SECURITY DEFINER
AS SELECT event_id, user_id, event_type, item_id, properties, occurred_at, logged_at
FROM events FINAL;
