-- How well a model that learns did in its newest windows, the newest first: one row a window and scorer.
SELECT
  window, scorer, examples, positives, auc, log_loss, brier, bin_low, bin_examples, bin_score, bin_share,
  toUnixTimestamp64Milli(opened_at) AS opened_at_ms, toUnixTimestamp64Milli(closed_at) AS closed_at_ms,
  health, reason, loss_rose
FROM model_quality FINAL
WHERE model = {model:String}
ORDER BY window DESC, scorer
LIMIT 3 * {windows:UInt32}
