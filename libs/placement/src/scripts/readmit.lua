-- A reason not to offer a server holds no more; when it was the last, the server is offered again. Idempotent.
--
-- KEYS  1 the server's record  2 servers
-- ARGV  1 reason  2 incarnation it is about, or '' for whichever has the name now
-- Answers how many reasons are left.

local server, servers = KEYS[1], KEYS[2]
local record = redis.call('HMGET', server, 'withheld', 'incarnation')
if not record[1] then return 0 end
local left = {}
for known in string.gmatch(record[1], '%S+') do
  if known ~= ARGV[1] or (ARGV[2] ~= '' and ARGV[2] ~= record[2]) then left[#left + 1] = known end
end
redis.call('HSET', server, 'withheld', table.concat(left, ' '))
if #left == 0 and not record[2] then
  -- Never reported, nothing held against it: nothing is known of it.
  redis.call('DEL', server)
  redis.call('SREM', servers, server)
  return 0
end
settle(server)
return #left
