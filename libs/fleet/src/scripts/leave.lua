-- Removes the record of an incarnation that leaves by itself. The record of an evicted incarnation stays for its cleanup.
--
-- KEYS  1 record of the server
-- ARGV  1 incarnation
-- Returns 1, or 0 when the record belongs to another incarnation or is dead.

local record = redis.call('HMGET', KEYS[1], 'incarnation', 'state')
if record[1] ~= ARGV[1] or record[2] == 'dead' then return 0 end
return redis.call('DEL', KEYS[1])
