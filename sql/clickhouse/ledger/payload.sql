-- All bytes of one dead letter, in base64.
SELECT base64Encode(payload) AS payload
FROM dead_letters FINAL
WHERE topic = {topic:String} AND partition = {partition:UInt16} AND offset = {offset:UInt64}
