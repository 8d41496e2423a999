-- Notes on a living incarnation's record whether it is to be given new rooms.
-- KEYS  the server's hash
-- ARGV  incarnation, 1 | 0
-- answer  'ok' | 'gone' (no record) | 'other' (another incarnation's) | 'dead'
local record = redis.call('HMGET', KEYS[1], 'incarnation', 'state')
if not record[1] then return 'gone' end
if record[1] ~= ARGV[1] then return 'other' end
if record[2] == 'dead' then return 'dead' end
if ARGV[2] == '1' then redis.call('HSET', KEYS[1], 'cordoned', '1') else redis.call('HDEL', KEYS[1], 'cordoned') end
return 'ok'
