-- Deletes the record of a session without a connection. Does nothing when a client has resumed the session since the caller read the record.
--
-- KEYS  1 record of the session
-- ARGV  1 gateway that the caller read  2 hash of the secret that the caller read
-- Returns 1: deleted
--         0: the session was resumed or has no record

local record = redis.call('HMGET', KEYS[1], 'gateway', 'secret')
if record[1] ~= ARGV[1] or record[2] ~= ARGV[2] then return 0 end
return redis.call('DEL', KEYS[1])
