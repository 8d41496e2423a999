-- Marks a session as away. Does nothing when the session was resumed since: it then has another gateway or another secret.
--
-- KEYS  1 record of the session
-- ARGV  1 gateway that had the session  2 hash of the newest secret that this gateway sent to the player
-- Returns 1: marked
--         0: the session was resumed or has no record

local record = redis.call('HMGET', KEYS[1], 'gateway', 'secret')
if record[1] ~= ARGV[1] or record[2] ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], 'away', '1')
return 1
