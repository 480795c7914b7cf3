-- What the features are now, for the users of a range of numbers: one row a user who has any of them.
SELECT user_no, any(user_id) AS user_id, groupArray((tag, value)) AS features
FROM
(
  SELECT tag, user_no, user_id, value, present
  FROM tag_values FINAL
  WHERE tag IN {tags:Array(String)}
    AND has(arrayZip({tags:Array(String)}, {versions:Array(UInt32)}), (tag, version))
    AND user_no >= {from_no:UInt32} AND user_no < {to_no:UInt32}
)
WHERE present
GROUP BY user_no
ORDER BY user_no
