SELECT COUNT(*) AS queries FROM saved_queries WHERE owner = %(owner)s
