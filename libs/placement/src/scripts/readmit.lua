-- Removes a reason that withholds a server. Without any reason the server is eligible again. Idempotent.
--
-- KEYS  1 the server's record  2 servers
-- ARGV  1 reason  2 its incarnation, or '' for the current one
-- Returns the number of reasons left.

local server, servers = KEYS[1], KEYS[2]
local record = redis.call('HMGET', server, 'withheld', 'incarnation')
if not record[1] then return 0 end
local left = {}
for known in string.gmatch(record[1], '%S+') do
  if known ~= ARGV[1] or (ARGV[2] ~= '' and ARGV[2] ~= record[2]) then left[#left + 1] = known end
end
redis.call('HSET', server, 'withheld', table.concat(left, ' '))
if #left == 0 and not record[2] then
  -- The server never reported and has no reasons, so nothing is known about it.
  redis.call('DEL', server)
  redis.call('SREM', servers, server)
  return 0
end
settle(server)
return #left
