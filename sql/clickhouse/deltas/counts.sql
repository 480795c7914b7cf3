-- How many users a planned batch moves.
SELECT uniqExactIf(sequence, change = 'enter') AS enters, uniqExactIf(sequence, change = 'leave') AS leaves
FROM crowd_deltas
WHERE watch = {watch:String} AND attempt = {attempt:String}
