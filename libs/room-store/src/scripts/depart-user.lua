-- A user's session has ended for good. Removes the user from the room, and makes all older requests late.
--
-- KEYS  1 the user
-- ARGV  1 admission and  2 number of the departure  3 time to live, in seconds
-- Returns { room, watching } of the room that the user was in ('' and '0' : none). A repeated call returns the same answer, because
-- `left` and `leftWatching` keep the room. Returns nil, without a write, when the user was admitted or moved since.

if isOvertaken(KEYS[1], ARGV[1], ARGV[2], false) then return false end
local where = redis.call('HMGET', KEYS[1], 'room', 'watching', 'left', 'leftWatching')
local room, watching = where[1] or where[3] or '', where[1] and where[2] or where[4] or '0'
redis.call('HDEL', KEYS[1], 'room', 'watching', 'by')
redis.call('HSET', KEYS[1], 'left', room, 'leftWatching', watching)
noteMove(KEYS[1], ARGV[1], ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return { room, watching }
