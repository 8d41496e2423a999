-- A session has no connection any more. Nothing, when it goes on elsewhere or under another secret by now.
--
-- KEYS  1 the session
-- ARGV  1 gateway that held it  2 hash of the secret its player was given there last
-- Answers 1, or 0 when it is another by now.

local record = redis.call('HMGET', KEYS[1], 'gateway', 'secret')
if record[1] ~= ARGV[1] or record[2] ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], 'away', '1')
return 1
