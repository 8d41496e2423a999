-- Changes the state of a server that is not dead.
--
-- KEYS  1 record of the server
-- ARGV  1 incarnation  2 new state
-- Returns 'ok'; 'gone': there is no record; 'other': the record has another incarnation; 'dead': the server was evicted

local record = redis.call('HMGET', KEYS[1], 'incarnation', 'state')
if not record[1] then return 'gone' end
if record[1] ~= ARGV[1] then return 'other' end
if record[2] == 'dead' then return 'dead' end
redis.call('HSET', KEYS[1], 'state', ARGV[2])
return 'ok'
