SELECT
  (SELECT COUNT(*) FROM user_numbers WHERE user_id = %(user_id)s)
  + (SELECT COUNT(*) FROM parity_findings WHERE user_id = %(user_id)s)
  + (SELECT COUNT(*) FROM model_feature_findings WHERE user_id = %(user_id)s)
  + (SELECT COUNT(*) FROM identity_merges WHERE user_id = %(user_id)s OR into_id = %(user_id)s)
  + (SELECT COUNT(*) FROM identities WHERE user_id = %(user_id)s)
  + (SELECT COUNT(*) FROM tag_previews WHERE INSTR(result, %(token)s) > 0)
  + (SELECT COUNT(*) FROM access_audit WHERE subject = %(path)s OR LEFT(subject, CHAR_LENGTH(%(merges)s)) = %(merges)s) AS found
