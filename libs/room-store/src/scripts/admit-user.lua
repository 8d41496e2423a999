-- A gateway admits a user, by a login or a resume. Requests of earlier admissions are refused as late from now on.
--
-- KEYS  1 the user
-- ARGV  1 time to live, in seconds
-- Returns { turn, room, watching, ticket }. `turn` is the number of the admission. It is higher than all earlier numbers, also when the store
-- lost the user, because it is at least the store time in ms.

local time = redis.call('TIME')
local known = redis.call('HMGET', KEYS[1], 'turn', 'room', 'watching', 'ticket')
local turn = math.max((tonumber(known[1]) or 0) + 1, time[1] * 1000 + math.floor(time[2] / 1000))
redis.call('HSET', KEYS[1], 'turn', string.format('%.0f', turn))
redis.call('EXPIRE', KEYS[1], ARGV[1])
return { string.format('%.0f', turn), known[2], known[3], known[4] }
