-- Reads a server's answer to the last health check, and sends the next check. A server without a record also gets a check, because it
-- restores its record when a check arrives. A dead server gets no check.
-- KEYS  1 record of the server, also the name of the server's Redis channel
-- Returns {incarnation, state, check, lagMs, suspect, unheard, ms since the registration}, or nil when there is no record. The first six are
-- fields of the record. The field `check` is 'testing' until the server answers, then 'update'.
local record = redis.call('HMGET', KEYS[1], 'incarnation', 'state', 'check', 'lagMs', 'suspect', 'unheard', 'registeredAt')
if not record[1] then
  redis.call('PUBLISH', KEYS[1], 'check')
  return false
end
if record[2] ~= 'dead' then
  redis.call('HSET', KEYS[1], 'check', 'testing')
  redis.call('PUBLISH', KEYS[1], 'check')
end
local time = redis.call('TIME')
record[7] = string.format('%.0f', time[1] * 1000 + time[2] / 1000 - (tonumber(record[7]) or 0))
return record
