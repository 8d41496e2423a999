-- Gives a connected session a new admission number. Needed when another server has ended the admission of the session by mistake. The user
-- stays in the room.
--
-- KEYS  1 record of the user
-- ARGV  1 admission number of the session  2 TTL of the record, in seconds
-- Returns the new number, which is higher than all earlier numbers
--         nil: nothing is written, because the user was admitted later

local had = tonumber(ARGV[1])
if (tonumber(redis.call('HGET', KEYS[1], 'turn')) or 0) > had then return false end
local time = redis.call('TIME')
local turn = string.format('%.0f', math.max(had + 1, time[1] * 1000 + math.floor(time[2] / 1000)))
redis.call('HSET', KEYS[1], 'turn', turn)
redis.call('EXPIRE', KEYS[1], ARGV[2])
return turn
