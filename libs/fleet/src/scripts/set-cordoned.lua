-- Cordons or uncordons a server. A cordoned server gets no new rooms.
--
-- KEYS  1 record of the server
-- ARGV  1 incarnation  2 '1': cordon, '0': uncordon
-- Returns 'ok'; 'gone': there is no record; 'other': the record has another incarnation; 'dead': the server was evicted

local record = redis.call('HMGET', KEYS[1], 'incarnation', 'state')
if not record[1] then return 'gone' end
if record[1] ~= ARGV[1] then return 'other' end
if record[2] == 'dead' then return 'dead' end
if ARGV[2] == '1' then redis.call('HSET', KEYS[1], 'cordoned', '1') else redis.call('HDEL', KEYS[1], 'cordoned') end
return 'ok'
