INSERT INTO parity_results
  (run_id, tag, version, store, equal_users, missing_users, extra_users, different_users, pending_users, barrier_at)
VALUES
  (%(run_id)s, %(tag)s, %(version)s, %(store)s, %(equal)s, %(missing)s, %(extra)s, %(different)s, %(pending)s, %(barrier_at)s)
