-- Stores the answer of a server to a check, with its load.
-- KEYS  the server's record
-- ARGV  incarnation, then field, value, …
-- Returns 'ok' | 'gone': no record | 'other': the record of another incarnation | 'dead'
local record = redis.call('HMGET', KEYS[1], 'incarnation', 'state')
if not record[1] then return 'gone' end
if record[1] ~= ARGV[1] then return 'other' end
if record[2] == 'dead' then return 'dead' end
redis.call('HSET', KEYS[1], 'check', 'update', unpack(ARGV, 2))
return 'ok'
