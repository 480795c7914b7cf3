-- Time up to a moment of the past.
CREATE TEMPORARY VIEW `clock` AS
SELECT `minute`, `shard` FROM `clock_log` WHERE `minute` <= $as_of_minute
