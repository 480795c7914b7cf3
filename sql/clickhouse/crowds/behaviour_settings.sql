-- Users are folded one after the other as the table has them, not all at once: that takes about half the time.
SETTINGS max_execution_time = 20, optimize_aggregation_in_order = 1
