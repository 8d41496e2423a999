-- Stores a gateway's report that it cannot reach a server by link. Counts the gateways with a valid report.
-- KEYS  1 record of the server
-- ARGV  1 incarnation  2 gateway  3 lifetime of a report in ms  4… gateways whose reports count
-- Returns {'reported', number of reports, number of rooms of the server}
--         {'unheard'}: nothing is stored, because the last health check is not answered yet; the health checks decide about this server
--         {'over'}: the server is dead, has another incarnation, or has no record
local record = redis.call('HMGET', KEYS[1], 'incarnation', 'state', 'check', 'rooms')
if record[1] ~= ARGV[1] or record[2] == 'dead' then return {'over'} end
if record[3] ~= 'update' then return {'unheard'} end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[1], 'unreached:' .. ARGV[2], string.format('%.0f', now))
local reports = 0
for i = 4, #ARGV do
  local at = tonumber(redis.call('HGET', KEYS[1], 'unreached:' .. ARGV[i]))
  if at and now - at < tonumber(ARGV[3]) then reports = reports + 1 end
end
return {'reported', reports, tonumber(record[4]) or 0}
