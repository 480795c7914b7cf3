-- How the features of a model's newest windows compare with those of its first examples, the newest first.
SELECT
  window, feature, kind, psi, ks, p, missing, missing_before, moved, toUnixTimestamp64Milli(closed_at) AS closed_at_ms
FROM model_drift FINAL
WHERE model = {model:String}
  AND window > (SELECT max(window) FROM model_drift WHERE model = {model:String}) - toInt64({windows:UInt32})
ORDER BY window DESC, feature
