-- A user leaves the room they were in when they asked, and whatever they asked for before this is late from now on.
--
-- KEYS  1 the user
-- ARGV  1 room  2 turn and  3 number of the request, '' of nobody in particular  4 TTL, seconds
-- Answers 1, or 0 when it is late and they are in that room again: then it was for a stay that is over.

local isThere = redis.call('HGET', KEYS[1], 'room') == ARGV[1]
if isOvertaken(KEYS[1], ARGV[2], ARGV[3], false) then return isThere and 0 or 1 end
if isThere then redis.call('HDEL', KEYS[1], 'room', 'watching', 'by') end
noteMove(KEYS[1], ARGV[2], ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[4])
return 1
