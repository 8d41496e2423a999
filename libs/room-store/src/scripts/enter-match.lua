-- Moves a user from a search into the room of a match, unless a later request has moved the user. Later admissions do not matter.
--
-- KEYS  1 the user
-- ARGV  1 room of the match  2 admission ('' : not a request of a player) and  3 number of the search  4 room of the party ('' : none)
--       5 time to live, in seconds  6 ticket of the search
-- Returns 1, also when the user is in the room already. Returns 0 when the search is late, or the user is a member of another room.

if isOvertaken(KEYS[1], ARGV[2], ARGV[3], true) then return 0 end
local there = redis.call('HMGET', KEYS[1], 'room', 'watching')
local isThere = there[1] == ARGV[1]
-- A member of a party must still be in its room: the host may have removed the member.
if not isThere and ARGV[4] ~= '' and there[1] ~= ARGV[4] then return 0 end
if not isThere and ARGV[4] == '' and there[1] and there[2] ~= '1' then return 0 end
-- `matched` tells this room from one that the user was in before: without it, a lost ticket of a party would look like a match.
redis.call('HSET', KEYS[1], 'room', ARGV[1], 'watching', '0', 'by', ARGV[2] .. ':' .. ARGV[3], 'matched', ARGV[6] .. ' ' .. ARGV[1])
redis.call('HDEL', KEYS[1], 'ticket')
noteMove(KEYS[1], ARGV[2], ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[5])
return 1
