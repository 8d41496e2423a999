-- Deletes the record of a session without a connection, if no client has resumed it since the caller read it.
--
-- KEYS  1 record of the session
-- ARGV  1 gateway  2 hash of the secret, both as the caller read them
-- Returns 1, or 0 when the session was resumed or is gone.

local record = redis.call('HMGET', KEYS[1], 'gateway', 'secret')
if record[1] ~= ARGV[1] or record[2] ~= ARGV[2] then return 0 end
return redis.call('DEL', KEYS[1])
