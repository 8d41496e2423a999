-- Removes a user from the given room. Makes all older requests of the user late (see `user-overtaken.lua`).
--
-- KEYS  1 record of the user
-- ARGV  1 room  2 admission of the request ('' : no player made the request)  3 number of the request  4 TTL of the record, in seconds
-- Returns 1: the user is not in the room
--         0: the user stays, because the user has returned to the room by a later request

local isThere = redis.call('HGET', KEYS[1], 'room') == ARGV[1]
if isOvertaken(KEYS[1], ARGV[2], ARGV[3], false) then return isThere and 0 or 1 end
if isThere then redis.call('HDEL', KEYS[1], 'room', 'watching', 'by') end
noteMove(KEYS[1], ARGV[2], ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[4])
return 1
