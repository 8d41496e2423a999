-- Counts the offered matches that a user declined or did not answer. Without another such match, the count is deleted after the TTL.
-- KEYS  1 count of the user
-- ARGV  1 TTL in ms
-- Returns the new count.
local count = redis.call('INCR', KEYS[1])
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return count
