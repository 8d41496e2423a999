-- Moves a user into the room of a match. Does nothing when a request that came after the search has moved the user. A later admission of
-- the user does not prevent the move.
--
-- KEYS  1 record of the user
-- ARGV  1 room of the match  2 admission of the search ('' : no player made the request)  3 number of the search
--       4 room in which the party searched ('' : none)  5 TTL of the record, in seconds  6 ticket of the search
-- Returns 1: the user is in the room of the match
--         0: nothing is written, because the search is late or the user is a member of another room

if isOvertaken(KEYS[1], ARGV[2], ARGV[3], true) then return 0 end
local there = redis.call('HMGET', KEYS[1], 'room', 'watching')
local isThere = there[1] == ARGV[1]
-- A member of a party must still be in the room of the party, because the host may have removed the member.
if not isThere and ARGV[4] ~= '' and there[1] ~= ARGV[4] then return 0 end
if not isThere and ARGV[4] == '' and there[1] and there[2] ~= '1' then return 0 end
-- `matched` says that the search led to this room. Without this field, the loss of a party's ticket would look like a match, because the
-- party is already in a room.
redis.call('HSET', KEYS[1], 'room', ARGV[1], 'watching', '0', 'by', ARGV[2] .. ':' .. ARGV[3], 'matched', ARGV[6] .. ' ' .. ARGV[1])
redis.call('HDEL', KEYS[1], 'ticket')
noteMove(KEYS[1], ARGV[2], ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[5])
return 1
