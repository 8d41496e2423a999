-- A user leaves the given room. Older requests of the user are refused as late from now on.
--
-- KEYS  1 the user
-- ARGV  1 room  2 admission ('' : not a request of a player) and  3 number of the request  4 time to live, in seconds
-- Returns 1, or 0 when the request is late and the user is in the room: the user has returned since the request, and stays.

local isThere = redis.call('HGET', KEYS[1], 'room') == ARGV[1]
if isOvertaken(KEYS[1], ARGV[2], ARGV[3], false) then return isThere and 0 or 1 end
if isThere then redis.call('HDEL', KEYS[1], 'room', 'watching', 'by') end
noteMove(KEYS[1], ARGV[2], ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[4])
return 1
