-- Which watches told others of a user, and how often.
SELECT watch, count() AS deltas
FROM crowd_deltas
WHERE user_no = {user_no:UInt32} AND attempt IN (SELECT attempt FROM crowd_batches)
GROUP BY watch
ORDER BY watch
