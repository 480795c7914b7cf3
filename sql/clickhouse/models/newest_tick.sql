-- The newest tick. Its rows need no merge: any will do.
SELECT maxOrNull(clock_ticks.minute) AS minute FROM clock_ticks
