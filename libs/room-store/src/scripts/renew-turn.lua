-- A user goes on where they are in a turn of their own: the one they had was ended by somebody who took them for gone.
--
-- KEYS  1 the user
-- ARGV  1 the turn they have  2 TTL, seconds
-- Answers the new turn, higher than any before; nil when they were admitted since.

local had = tonumber(ARGV[1])
if (tonumber(redis.call('HGET', KEYS[1], 'turn')) or 0) > had then return false end
local time = redis.call('TIME')
local turn = string.format('%.0f', math.max(had + 1, time[1] * 1000 + math.floor(time[2] / 1000)))
redis.call('HSET', KEYS[1], 'turn', turn)
redis.call('EXPIRE', KEYS[1], ARGV[2])
return turn
