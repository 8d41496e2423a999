-- Adds a reason for which placement withholds a server. A server with a reason gets no new rooms. A repeated call changes nothing.
--
-- KEYS  1 record of the server  2 servers (set of all records)
-- ARGV  1 reason  2 incarnation of the server ('' : the current one)
-- Returns 1: the server has the reason
--         0: nothing is written, because the incarnation was removed or is older than the current one

local server, servers = KEYS[1], KEYS[2]
local reason, incarnation = ARGV[1], ARGV[2]

if incarnation ~= '' then
  local known = compare_incarnation(server, incarnation)
  if known == 'older' or known == 'removed' then return 0 end
  if known == 'newer' then begin(server, incarnation, now_ms()) end
else
  local record = redis.call('HMGET', server, 'incarnation', 'removed')
  -- The reason belongs to the removed incarnation. If it were stored, the next incarnation would inherit it, and no caller would remove it.
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
