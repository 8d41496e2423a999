-- Registers a server: replaces its record by a new one.
--
-- KEYS  1 record of the server
-- ARGV  1 the incarnation that the server has now (0: it has none)  2 the highest incarnation that this process has had
--       3… fields of the record: field, value, …
-- Returns the incarnation of the new record.
--
-- The server keeps the incarnation of ARGV 1 when the record is missing, has a lower incarnation, or has the same incarnation and is not
-- dead. So a server keeps its incarnation when the store lost the record or fell back to an older record. Otherwise the server gets a new
-- incarnation, which no server of this name has had. It is above the incarnation in the record and above ARGV 2, and at least the store
-- time in ms.

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
