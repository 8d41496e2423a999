-- Computes the epoch for the next owner of a room. Writes nothing, because the handoff writes the epoch.
-- KEYS  1 record of the room
-- ARGV  1 epoch of the current owner
-- Returns the new epoch. It is above ARGV 1, above the epoch in the record, and at least the store time in ms.
local time = redis.call('TIME')
local known = tonumber(redis.call('HGET', KEYS[1], 'epoch')) or 0
return string.format('%.0f', math.max(known + 1, tonumber(ARGV[1]) + 1, time[1] * 1000 + math.floor(time[2] / 1000)))
