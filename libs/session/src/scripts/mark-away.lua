-- Marks a session as away. Does nothing when the session was resumed: it has another gateway or another secret then.
--
-- KEYS  1 record of the session
-- ARGV  1 gateway that had the session  2 hash of the newest secret that this gateway sent to the player
-- Returns 1, or 0 when the session was resumed or is gone.

local record = redis.call('HMGET', KEYS[1], 'gateway', 'secret')
if record[1] ~= ARGV[1] or record[2] ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], 'away', '1')
return 1
