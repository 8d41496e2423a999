-- A further reason not to offer a server. Idempotent.
--
-- KEYS  1 the server's record  2 servers
-- ARGV  1 reason  2 incarnation it is about, or '' for whichever has the name now
-- Answers 1, or 0 when that incarnation is no more.

local server, servers = KEYS[1], KEYS[2]
local reason, incarnation = ARGV[1], ARGV[2]

if incarnation ~= '' then
  local known = standing_of(server, incarnation)
  if known == 'older' or known == 'removed' then return 0 end
  if known == 'newer' then begin(server, incarnation, now_ms()) end
else
  local record = redis.call('HMGET', server, 'incarnation', 'removed')
  -- Said of one that was removed: nobody would ever take it back from its successor.
  if not record[1] and record[2] then return 0 end
end

redis.call('SADD', servers, server)
local withheld = redis.call('HGET', server, 'withheld') or ''
for known in string.gmatch(withheld, '%S+') do
  if known == reason then return 1 end
end
redis.call('HSET', server, 'withheld', withheld == '' and reason or withheld .. ' ' .. reason)
settle(server)
return 1
