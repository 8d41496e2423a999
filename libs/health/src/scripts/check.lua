-- Reads the answer of a server to the last check, and sends the next check.
-- KEYS  the server's record; its channel has the same name
-- Returns nil: no record | {incarnation, state, check, lagMs, suspect, unheard, ms since it registered}
-- A server without a record gets a check too, and restores its record when it receives the check. A dead server gets no check.
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
