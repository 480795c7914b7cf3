SELECT bucket, '$role' AS role, $column AS users
FROM crowd_watch_members
WHERE watch = {watch:String}
  AND attempt IN (SELECT attempt FROM crowd_batches WHERE watch = {watch:String})
  AND (bucket, batch) IN
  (
      SELECT bucket, max(batch)
      FROM crowd_watch_members
      WHERE watch = {watch:String} AND attempt IN (SELECT attempt FROM crowd_batches WHERE watch = {watch:String})
      GROUP BY bucket
  )
