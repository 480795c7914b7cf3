SELECT e.user_id, t.w AS value
FROM events AS e, LATERAL TABLE(split(e.item_id)) AS t(w)
