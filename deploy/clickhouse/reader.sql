-- The same user as reader.xml, for a server whose users are kept by SQL: run once by an administrator of it, with a password
-- of your own in place of the one below. The views are there once `python -m deploy.prepare` ran.
CREATE SETTINGS PROFILE IF NOT EXISTS tagstream_reader SETTINGS
    readonly = 2,
    max_execution_time = 30 MIN 1 MAX 60,
    max_memory_usage = 2147483648 MIN 1 MAX 2147483648,
    max_threads = 4 MIN 1 MAX 4,
    max_result_rows = 1000000 MIN 1 MAX 1000000,
    result_overflow_mode = 'throw' CONST;
CREATE USER IF NOT EXISTS tagstream_reader IDENTIFIED BY 'change me' SETTINGS PROFILE 'tagstream_reader';
CREATE QUOTA IF NOT EXISTS tagstream_reader FOR INTERVAL 1 minute MAX queries = 1200, execution_time = 600 TO tagstream_reader;
GRANT SELECT ON tagstream.v_profile TO tagstream_reader;
GRANT SELECT ON tagstream.v_tag_values TO tagstream_reader;
GRANT SELECT ON tagstream.v_crowd_members TO tagstream_reader;
GRANT SELECT ON tagstream.v_events TO tagstream_reader;
