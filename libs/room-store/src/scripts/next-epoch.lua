-- Computes the epoch of a room's next owner from store time. Writes nothing: the epoch takes effect with the handoff.
-- KEYS  1 record
-- ARGV  1 epoch of the owner that hands the room over
-- Returns an epoch above ARGV 1 and above the epoch in the record.
local time = redis.call('TIME')
local known = tonumber(redis.call('HGET', KEYS[1], 'epoch')) or 0
return string.format('%.0f', math.max(known + 1, tonumber(ARGV[1]) + 1, time[1] * 1000 + math.floor(time[2] / 1000)))
