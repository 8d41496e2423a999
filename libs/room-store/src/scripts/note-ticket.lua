-- Notes the matchmaking ticket of a user, unless a later request has moved the user.
--
-- KEYS  1 the user
-- ARGV  1 "TICKET GAME"  2 admission ('' : not a request of a player) and  3 number of the search  4 time to live, in seconds
-- Returns 1, or 0 when the search is late.

if isOvertaken(KEYS[1], ARGV[2], ARGV[3], true) then return 0 end
redis.call('HSET', KEYS[1], 'ticket', ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[4])
return 1
