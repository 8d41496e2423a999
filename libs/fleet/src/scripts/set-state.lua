-- Changes the state of a living incarnation.
-- KEYS  the server's hash
-- ARGV  incarnation, state
-- answer  'ok' | 'gone' (no record) | 'other' (another incarnation's) | 'dead'
local record = redis.call('HMGET', KEYS[1], 'incarnation', 'state')
if not record[1] then return 'gone' end
if record[1] ~= ARGV[1] then return 'other' end
if record[2] == 'dead' then return 'dead' end
redis.call('HSET', KEYS[1], 'state', ARGV[2])
return 'ok'
