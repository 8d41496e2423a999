-- Writes the whole record of a server and replaces an existing one.
--
-- KEYS  1 record of the server
-- ARGV  1 the incarnation to keep (0: a new one)  2 the highest incarnation that this process ever had
--       3… field, value, …
-- Returns the registered incarnation.
--
-- ARGV 1 is kept when the record is missing, has a lower incarnation, or has the same incarnation and is not dead. So a
-- process keeps its incarnation after the store lost the record or returned to an earlier state. A new incarnation is
-- never used twice: it is higher than the one in the record and ARGV 2, and at least Redis' time in ms.

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
