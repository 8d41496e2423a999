-- Stores a gateway's vote to evict a server. When there are enough votes, evicts the server. Only one call returns 'evicted'.
-- KEYS  1 record of the server
-- ARGV  1 incarnation  2 reason  3 voter  4 number of votes needed  5 lifetime of a vote in ms  6 lifetime of the dead record in ms
--       7 Redis channel for events of the fleet
--       8 the last health check must be in this state: 'testing' (not answered), 'update' (answered), '' (any)
--       9 number of gateways whose votes count  10… these gateways
--       then the fields of the record (field, value, …), which are written only when Redis has lost the record
-- Returns {'evicted', votes}: this call evicted the server
--         {'voted', votes}: the votes are not enough
--         {'dead'}: the server was evicted before
--         {'other'}: the record has another incarnation
--         {'answered'}: the check is answered, but ARGV 8 is 'testing'
--         {'unheard'}: the check is not answered, but ARGV 8 is 'update'
local record = redis.call('HMGET', KEYS[1], 'incarnation', 'state', 'check')
local voters = tonumber(ARGV[9])
if not record[1] then
  -- Redis lost the record, so this script writes it again. Without the record, no gateway would find the dead server and recover its rooms.
  redis.call('HSET', KEYS[1], 'incarnation', ARGV[1], unpack(ARGV, 10 + voters))
else
  if record[1] ~= ARGV[1] then return {'other'} end
  if record[2] == 'dead' then return {'dead'} end
  if ARGV[8] == 'testing' and record[3] ~= 'testing' then return {'answered'} end
  if ARGV[8] == 'update' and record[3] ~= 'update' then return {'unheard'} end
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local nowText = string.format('%.0f', now)
redis.call('HSET', KEYS[1], 'vote:' .. ARGV[3], nowText)
local votes = 0
for i = 10, 9 + voters do
  local at = tonumber(redis.call('HGET', KEYS[1], 'vote:' .. ARGV[i]))
  if at and now - at < tonumber(ARGV[5]) then votes = votes + 1 end
end
if votes < tonumber(ARGV[4]) then return {'voted', votes} end
redis.call('HSET', KEYS[1], 'state', 'dead', 'deadReason', ARGV[2], 'deadAt', nowText, 'endClaimedAt', nowText)
redis.call('PEXPIRE', KEYS[1], ARGV[6])
redis.call('PUBLISH', ARGV[7], cjson.encode({ kind = 'evicted', server = KEYS[1], incarnation = tonumber(ARGV[1]), reason = ARGV[2] }))
return {'evicted', votes}
