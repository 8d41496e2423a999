-- Stores the matchmaking ticket of a user. Does nothing when a request that came after the search has moved the user.
--
-- KEYS  1 record of the user
-- ARGV  1 "TICKET GAME"  2 admission of the search ('' : no player made the request)  3 number of the search
--       4 TTL of the record, in seconds
-- Returns 1: stored
--         0: nothing is written, because the search is late

if isOvertaken(KEYS[1], ARGV[2], ARGV[3], true) then return 0 end
redis.call('HSET', KEYS[1], 'ticket', ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[4])
return 1
