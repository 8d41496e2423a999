-- A user comes in at a gateway, by a login or a resume: what they asked for elsewhere before is late from now on.
--
-- KEYS  1 the user
-- ARGV  1 TTL, seconds
-- Answers { turn, room, watching }: the turn is higher than any before, also in a store that forgot them.

local time = redis.call('TIME')
local known = redis.call('HMGET', KEYS[1], 'turn', 'room', 'watching')
local turn = math.max((tonumber(known[1]) or 0) + 1, time[1] * 1000 + math.floor(time[2] / 1000))
redis.call('HSET', KEYS[1], 'turn', string.format('%.0f', turn))
redis.call('EXPIRE', KEYS[1], ARGV[1])
return { string.format('%.0f', turn), known[2], known[3] }
