-- Reads a server's answer to the last check and asks the next.
-- KEYS  the server's hash, whose name is its channel too
-- answer  nil: no record | {incarnation, state, check, lagMs, suspect, unheard, ms since it registered}
-- A server without a record is asked all the same: hearing that, it writes its record again. The dead are left alone.
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
