DELETE FROM crowds WHERE name = %(name)s
