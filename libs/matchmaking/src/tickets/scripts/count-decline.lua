-- Counts a match that a user declined or did not answer. The count is forgotten when no other one follows within the time to live.
-- KEYS  1 count of the user
-- ARGV  1 time to live in ms
-- Returns the count.
local count = redis.call('INCR', KEYS[1])
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return count
