-- Writes a server's answer to a health check, with its load, to its record.
-- KEYS  1 record of the server
-- ARGV  1 incarnation  2… fields of the record: field, value, …
-- Returns 'ok'; 'gone': there is no record; 'other': the record has another incarnation; 'dead': the server was evicted
local record = redis.call('HMGET', KEYS[1], 'incarnation', 'state')
if not record[1] then return 'gone' end
if record[1] ~= ARGV[1] then return 'other' end
if record[2] == 'dead' then return 'dead' end
redis.call('HSET', KEYS[1], 'check', 'update', unpack(ARGV, 2))
return 'ok'
