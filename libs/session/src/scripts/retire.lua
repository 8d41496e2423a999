-- A session that nobody holds is over, if nobody has taken it up since that was found.
--
-- KEYS  1 the session
-- ARGV  1 gateway  2 hash of its secret, both as they were read
-- Answers 1, or 0 when it was resumed, or is gone.

local record = redis.call('HMGET', KEYS[1], 'gateway', 'secret')
if record[1] ~= ARGV[1] or record[2] ~= ARGV[2] then return 0 end
return redis.call('DEL', KEYS[1])
