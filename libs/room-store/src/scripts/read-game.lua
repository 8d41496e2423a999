-- Reads all stored data of a game at one moment, and changes nothing.
--
-- KEYS  1 record of the room  2 log  3 checkpoint
-- Returns { version, checkpoint or '', changes of the log, … }; nil when there is no room.

local record = redis.call('HMGET', KEYS[1], 'rev', 'version')
if not record[1] then return nil end
local answer = redis.call('LRANGE', KEYS[2], 0, -1)
table.insert(answer, 1, record[2] or '0')
table.insert(answer, 2, redis.call('GET', KEYS[3]) or '')
return answer
