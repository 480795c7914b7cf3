-- Nobody is being erased.
TRUNCATE TABLE erasing
