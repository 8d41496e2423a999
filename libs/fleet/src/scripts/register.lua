-- Writes the whole record of a server and replaces an existing one.
--
-- KEYS  1 record of the server
-- ARGV  1 the incarnation to keep (0: a new one)  2 the highest incarnation that this process ever had
--       3… field, value, …
-- Returns the registered incarnation.
--
-- The wanted incarnation is kept only if no other process can have a later one and it was not evicted: the registry was
-- lost, or has gone back to an earlier state. A new incarnation is never used twice, even after a data loss of the store,
-- because it is higher than the old one, than the caller's, and at least the time in ms.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local before = redis.call('HMGET', KEYS[1], 'incarnation', 'state')
local old = tonumber(before[1]) or 0
local wanted = tonumber(ARGV[1])
local incarnation = math.max(old + 1, tonumber(ARGV[2]) + 1, now)
if wanted > old or (wanted == old and before[2] ~= 'dead' and wanted > 0) then
  incarnation = wanted
end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'incarnation', string.format('%.0f', incarnation), 'registeredAt', string.format('%.0f', now), unpack(ARGV, 3))
redis.call('HSETNX', KEYS[1], 'startedAt', string.format('%.0f', now))
return string.format('%.0f', incarnation)
