-- Numbers a new admission of a user, at a login or a resume. From now on, all requests of earlier admissions are late (see
-- `user-overtaken.lua`).
--
-- KEYS  1 record of the user
-- ARGV  1 TTL of the record, in seconds
-- Returns {turn, room, watching, ticket}. `turn` is the number of the new admission. It is at least the store time in ms, so it is higher
-- than every earlier number, even when the store lost the record. The other three are fields of the record.

local time = redis.call('TIME')
local known = redis.call('HMGET', KEYS[1], 'turn', 'room', 'watching', 'ticket')
local turn = math.max((tonumber(known[1]) or 0) + 1, time[1] * 1000 + math.floor(time[2] / 1000))
redis.call('HSET', KEYS[1], 'turn', string.format('%.0f', turn))
redis.call('EXPIRE', KEYS[1], ARGV[1])
return { string.format('%.0f', turn), known[2], known[3], known[4] }
