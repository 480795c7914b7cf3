-- How many rows each table keeps, replaced ones among them.
SELECT table, sum(rows) AS stored
FROM system.parts
WHERE active AND database = currentDatabase()
GROUP BY table
