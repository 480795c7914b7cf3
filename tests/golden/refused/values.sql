VALUES ('u1', 1)
