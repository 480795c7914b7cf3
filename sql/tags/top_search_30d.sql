-- name: top_search_30d
-- title: Most frequent search
-- description: What the user searched for most often in the last 30 days. Ties go to the first in the alphabet.
-- type: string
-- dimension: interest
-- owner: product

WITH searches AS (
  SELECT user_id, LOWER(TRIM(properties['query'])) AS query
  FROM LAST(events, INTERVAL '30' DAY)
  WHERE event_type = 'search'
),
counted AS (
  SELECT user_id, query, COUNT(*) AS times
  FROM searches
  WHERE query <> ''
  GROUP BY user_id, query
)
SELECT user_id, query AS value
FROM counted
QUALIFY ROW_NUMBER() OVER (PARTITION BY user_id ORDER BY times DESC, query) = 1
