-- Writes a server's whole record; what stood there is replaced.
-- KEYS  the server's hash
-- ARGV  the incarnation to keep (0: a new one), the highest one this process ever had, then field, value, …
-- answer  the incarnation registered
--
-- The wanted incarnation is kept only where nobody else could have had a later one and it was not condemned: the
-- registry was lost, or fell back to a time before this server. A new one is never given out twice, even by a store
-- that forgot: it is larger than the old, than the caller's, and than yesterday's clock.
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
