-- Changes the state of a living incarnation.
--
-- KEYS  1 record of the server
-- ARGV  1 incarnation  2 state
-- Returns 'ok'; 'gone' without a record; 'other' when the record has another incarnation; 'dead' when it was evicted.

local record = redis.call('HMGET', KEYS[1], 'incarnation', 'state')
if not record[1] then return 'gone' end
if record[1] ~= ARGV[1] then return 'other' end
if record[2] == 'dead' then return 'dead' end
redis.call('HSET', KEYS[1], 'state', ARGV[2])
return 'ok'
