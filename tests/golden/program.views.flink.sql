CREATE TEMPORARY VIEW `events__last_60m_1m` AS
SELECT
  `event_id`, `user_id`, `event_type`
FROM (
  SELECT
    *,
    COALESCE(
      (TIMESTAMPDIFF(MINUTE, TO_TIMESTAMP_LTZ(0, 3), `occurred_at`) / 1 + 1) * 1 + 60,
      CAST(0 AS BIGINT)
    ) AS `__leaves_at`
  FROM `events`
)
WHERE TO_TIMESTAMP_LTZ(`__leaves_at` * 60000, 3) > `__logged_at`
  AND (`__leaves_at`, `__shard`) NOT IN (
    SELECT `minute`, `shard` FROM `clock` WHERE MOD(`minute`, 1) = 0 GROUP BY `minute`, `shard`
  );

CREATE TEMPORARY VIEW `events__last_10080m_60m` AS
SELECT
  `event_id`, `user_id`, `event_type`, `properties`, `occurred_at`
FROM (
  SELECT
    *,
    COALESCE(
      (TIMESTAMPDIFF(MINUTE, TO_TIMESTAMP_LTZ(0, 3), `occurred_at`) / 60 + 1) * 60 + 10080,
      CAST(0 AS BIGINT)
    ) AS `__leaves_at`
  FROM `events`
)
WHERE TO_TIMESTAMP_LTZ(`__leaves_at` * 60000, 3) > `__logged_at`
  AND (`__leaves_at`, `__shard`) NOT IN (
    SELECT `minute`, `shard` FROM `clock` WHERE MOD(`minute`, 60) = 0 GROUP BY `minute`, `shard`
  );

CREATE TEMPORARY VIEW `events__last_43200m_60m` AS
SELECT
  `event_id`, `user_id`, `event_type`, `item_id`, `properties`
FROM (
  SELECT
    *,
    COALESCE(
      (TIMESTAMPDIFF(MINUTE, TO_TIMESTAMP_LTZ(0, 3), `occurred_at`) / 60 + 1) * 60 + 43200,
      CAST(0 AS BIGINT)
    ) AS `__leaves_at`
  FROM `events`
)
WHERE TO_TIMESTAMP_LTZ(`__leaves_at` * 60000, 3) > `__logged_at`
  AND (`__leaves_at`, `__shard`) NOT IN (
    SELECT `minute`, `shard` FROM `clock` WHERE MOD(`minute`, 60) = 0 GROUP BY `minute`, `shard`
  );

CREATE TEMPORARY VIEW `events__last_129600m_60m` AS
SELECT
  `event_id`, `user_id`, `event_type`, `properties`
FROM (
  SELECT
    *,
    COALESCE(
      (TIMESTAMPDIFF(MINUTE, TO_TIMESTAMP_LTZ(0, 3), `occurred_at`) / 60 + 1) * 60 + 129600,
      CAST(0 AS BIGINT)
    ) AS `__leaves_at`
  FROM `events`
)
WHERE TO_TIMESTAMP_LTZ(`__leaves_at` * 60000, 3) > `__logged_at`
  AND (`__leaves_at`, `__shard`) NOT IN (
    SELECT `minute`, `shard` FROM `clock` WHERE MOD(`minute`, 60) = 0 GROUP BY `minute`, `shard`
  );

CREATE TEMPORARY VIEW `orders__last_60m_1m` AS
SELECT
  `order_id`, `user_id`
FROM (
  SELECT
    *,
    COALESCE(
      (TIMESTAMPDIFF(MINUTE, TO_TIMESTAMP_LTZ(0, 3), `ordered_at`) / 1 + 1) * 1 + 60,
      CAST(0 AS BIGINT)
    ) AS `__leaves_at`
  FROM `orders`
)
WHERE TO_TIMESTAMP_LTZ(`__leaves_at` * 60000, 3) > `__logged_at`
  AND `ordered_at` <= `__logged_at` + INTERVAL '24' HOUR
  AND (`__leaves_at`, `__shard`) NOT IN (
    SELECT `minute`, `shard` FROM `clock` WHERE MOD(`minute`, 1) = 0 GROUP BY `minute`, `shard`
  );

CREATE TEMPORARY VIEW `orders__last_43200m_60m` AS
SELECT
  `order_id`, `user_id`, `amount`, `coupon`, `status`, `shipping_address`
FROM (
  SELECT
    *,
    COALESCE(
      (TIMESTAMPDIFF(MINUTE, TO_TIMESTAMP_LTZ(0, 3), `ordered_at`) / 60 + 1) * 60 + 43200,
      CAST(0 AS BIGINT)
    ) AS `__leaves_at`
  FROM `orders`
)
WHERE TO_TIMESTAMP_LTZ(`__leaves_at` * 60000, 3) > `__logged_at`
  AND `ordered_at` <= `__logged_at` + INTERVAL '24' HOUR
  AND (`__leaves_at`, `__shard`) NOT IN (
    SELECT `minute`, `shard` FROM `clock` WHERE MOD(`minute`, 60) = 0 GROUP BY `minute`, `shard`
  );

CREATE TEMPORARY VIEW `orders__last_129600m_60m` AS
SELECT
  `order_id`, `user_id`, `product_id`, `quantity`, `amount`, `discount`, `status`
FROM (
  SELECT
    *,
    COALESCE(
      (TIMESTAMPDIFF(MINUTE, TO_TIMESTAMP_LTZ(0, 3), `ordered_at`) / 60 + 1) * 60 + 129600,
      CAST(0 AS BIGINT)
    ) AS `__leaves_at`
  FROM `orders`
)
WHERE TO_TIMESTAMP_LTZ(`__leaves_at` * 60000, 3) > `__logged_at`
  AND `ordered_at` <= `__logged_at` + INTERVAL '24' HOUR
  AND (`__leaves_at`, `__shard`) NOT IN (
    SELECT `minute`, `shard` FROM `clock` WHERE MOD(`minute`, 60) = 0 GROUP BY `minute`, `shard`
  );

CREATE TEMPORARY VIEW `users__last_43200m_60m` AS
SELECT
  `user_id`
FROM (
  SELECT
    *,
    COALESCE(
      (TIMESTAMPDIFF(MINUTE, TO_TIMESTAMP_LTZ(0, 3), `registered_at`) / 60 + 1) * 60 + 43200,
      CAST(0 AS BIGINT)
    ) AS `__leaves_at`
  FROM `users`
)
WHERE TO_TIMESTAMP_LTZ(`__leaves_at` * 60000, 3) > `__logged_at`
  AND `registered_at` <= `__logged_at` + INTERVAL '24' HOUR
  AND (`__leaves_at`, `__shard`) NOT IN (
    SELECT `minute`, `shard` FROM `clock` WHERE MOD(`minute`, 60) = 0 GROUP BY `minute`, `shard`
  );
