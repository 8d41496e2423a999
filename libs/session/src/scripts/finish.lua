-- Deletes the record of a session that has ended.
--
-- KEYS  1 record of the session
-- ARGV  1 gateway that must have the session ('' : any)
-- Returns {user, gateway} of the deleted record
--         nil: there is no record, or another gateway has the session now

local record = redis.call('HMGET', KEYS[1], 'user', 'gateway')
if not record[1] or (ARGV[1] ~= '' and ARGV[1] ~= record[2]) then return nil end
redis.call('DEL', KEYS[1])
return record
