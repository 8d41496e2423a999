-- Votes for the eviction of a server, and evicts it when the votes suffice. Exactly one caller gets the answer 'evicted'.
-- KEYS  the server's record
-- ARGV  incarnation, reason, voter, votes needed, lifetime of a vote in ms, lifetime of the dead record in ms,
--       channel of the fleet,
--       required state of the server's last check ('testing': unanswered, 'update': answered, '': any),
--       number of gateways whose votes count, these gateways,
--       then field, value, … of the record: written only when Redis has lost the record
-- Returns {'evicted', votes} | {'voted', votes}: votes are still missing | {'dead'}: evicted before | {'other'}: another incarnation
--         {'answered'}: the check is answered, and 'testing' is required
--         {'unheard'}: the check is not answered, and 'update' is required
local record = redis.call('HMGET', KEYS[1], 'incarnation', 'state', 'check')
local voters = tonumber(ARGV[9])
if not record[1] then
  -- Without a record no gateway would know of the dead server, and its rooms would never be recovered.
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
