DELETE FROM model_feature_findings WHERE user_id = %(user_id)s
