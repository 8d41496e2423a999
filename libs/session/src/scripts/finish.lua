-- A session is over.
--
-- KEYS  1 the session
-- ARGV  1 gateway it must be at, or '' for any
-- Answers { user, gateway } it had, or nil when there was none, or it is elsewhere by now.

local record = redis.call('HMGET', KEYS[1], 'user', 'gateway')
if not record[1] or (ARGV[1] ~= '' and ARGV[1] ~= record[2]) then return nil end
redis.call('DEL', KEYS[1])
return record
