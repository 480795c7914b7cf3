-- Who did what stays; of whom it was, the subject says to those who have the secret.
UPDATE access_audit SET subject = %(hidden)s WHERE subject = %(path)s OR LEFT(subject, CHAR_LENGTH(%(merges)s)) = %(merges)s
