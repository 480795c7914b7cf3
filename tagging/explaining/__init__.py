"""A tag's value for one user, worked out row by row from the author's tree, with every step that led to it."""
