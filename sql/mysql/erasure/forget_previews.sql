-- Results that name the user as JSON does.
DELETE FROM tag_previews WHERE INSTR(result, %(token)s) > 0
