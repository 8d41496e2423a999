-- Deletes the record of a server that shuts down. The record of a dead server stays, because the cleanup needs it.
--
-- KEYS  1 record of the server
-- ARGV  1 incarnation
-- Returns 1: the record was deleted
--         0: the record does not exist, has another incarnation, or is dead

local record = redis.call('HMGET', KEYS[1], 'incarnation', 'state')
if record[1] ~= ARGV[1] or record[2] == 'dead' then return 0 end
return redis.call('DEL', KEYS[1])
