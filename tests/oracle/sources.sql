-- What README.md says of the sources, in DuckDB's words. Times are epoch milliseconds; `now` is the newest tick.
CREATE TABLE now AS SELECT $now_ms AS ms;

-- Of what was said of an id the highest change counts; an id of which nothing was said is a person by itself.
CREATE VIEW person AS
SELECT DISTINCT user_id, canonical
FROM identities_log AS a
WHERE change = (SELECT max(change) FROM identities_log AS b WHERE a.user_id = b.user_id);

CREATE MACRO of_person(id) AS coalesce((SELECT p.canonical FROM person AS p WHERE p.user_id = id), id);

-- An event_id counts once: the copy with the lowest offset. What is no valid event is in no tag.
CREATE VIEW events AS
SELECT DISTINCT ON (event_id) * REPLACE (of_person(events_log.user_id) AS user_id)
FROM events_log
WHERE length(event_id) > 0 AND length(user_id) > 0 AND length(event_type) > 0
  AND occurred_at > 0 AND occurred_at - logged_at <= 300000
ORDER BY event_id, "offset";

-- Of a table's row changes the newest by offset counts.
CREATE VIEW users AS
SELECT * REPLACE (of_person(a.referred_by) AS referred_by) FROM users_log AS a
WHERE op <> 'd' AND of_person(a.user_id) = a.user_id AND "offset" = (SELECT max("offset") FROM users_log AS b WHERE a.user_id = b.user_id);

CREATE VIEW products AS
SELECT * FROM products_log AS a
WHERE op <> 'd' AND "offset" = (SELECT max("offset") FROM products_log AS b WHERE a.product_id = b.product_id);

CREATE VIEW orders AS
SELECT * REPLACE (of_person(a.user_id) AS user_id) FROM orders_log AS a
WHERE op <> 'd' AND "offset" = (SELECT max("offset") FROM orders_log AS b WHERE a.order_id = b.order_id);

CREATE VIEW scores AS
SELECT * FROM scores_log AS a
WHERE op <> 'd' AND of_person(a.user_id) = a.user_id AND "offset" = (SELECT max("offset") FROM scores_log AS b WHERE a.score_id = b.score_id);

-- A row leaves when the clock reaches the end of its pane plus the window; one that had left when it was logged never enters, nor
-- does one whose time lay more than a day ahead then (an event's does not).
CREATE MACRO in_window(time_ms, logged_ms, length, pane) AS
  time_ms <= logged_ms + 86400000 AND
  time_ms - time_ms % (pane * 60000) + (pane + length) * 60000::BIGINT > greatest(logged_ms, (SELECT ms FROM now));

CREATE MACRO last_events(length, pane) AS TABLE
SELECT * FROM events WHERE in_window(occurred_at, logged_at, length, pane);

CREATE MACRO last_users(length, pane) AS TABLE
SELECT * FROM users WHERE in_window(registered_at, logged_at, length, pane);

CREATE MACRO last_products(length, pane) AS TABLE
SELECT * FROM products WHERE in_window(updated_at, logged_at, length, pane);

CREATE MACRO last_orders(length, pane) AS TABLE
SELECT * FROM orders WHERE in_window(ordered_at, logged_at, length, pane);

CREATE MACRO last_scores(length, pane) AS TABLE
SELECT * FROM scores WHERE in_window(scored_at, logged_at, length, pane);

-- A quotient of money, to as many decimals: ties away from zero, in whole numbers throughout.
CREATE MACRO quotient(dividend, divisor, places) AS
  ((2 * CAST(100 * dividend AS HUGEINT) * CAST(10 ** places AS HUGEINT) + CAST(100 * divisor AS HUGEINT))
    // (2 * CAST(100 * divisor AS HUGEINT)));
