-- Adds a reason that withholds a server. Idempotent.
--
-- KEYS  1 the server's record  2 servers
-- ARGV  1 reason  2 its incarnation, or '' for the current one
-- Returns 1, or 0 when that incarnation no longer exists.

local server, servers = KEYS[1], KEYS[2]
local reason, incarnation = ARGV[1], ARGV[2]

if incarnation ~= '' then
  local known = compare_incarnation(server, incarnation)
  if known == 'older' or known == 'removed' then return 0 end
  if known == 'newer' then begin(server, incarnation, now_ms()) end
else
  local record = redis.call('HMGET', server, 'incarnation', 'removed')
  -- The reason is meant for the removed incarnation. The next incarnation would keep it, because no process would remove it.
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
