-- Removes the record of an incarnation that leaves by itself. One that was condemned stays: its end is being seen to.
-- KEYS  the server's hash
-- ARGV  incarnation
-- answer  1: removed | 0
local record = redis.call('HMGET', KEYS[1], 'incarnation', 'state')
if record[1] ~= ARGV[1] or record[2] == 'dead' then return 0 end
return redis.call('DEL', KEYS[1])
