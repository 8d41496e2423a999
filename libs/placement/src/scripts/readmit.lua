-- Removes a reason for which placement withholds a server. A server without reasons gets new rooms again. A repeated call changes nothing.
--
-- KEYS  1 record of the server  2 servers (set of all records)
-- ARGV  1 reason  2 incarnation of the server ('' : the current one)
-- Returns the number of remaining reasons.

local server, servers = KEYS[1], KEYS[2]
local record = redis.call('HMGET', server, 'withheld', 'incarnation')
if not record[1] then return 0 end
local left = {}
for known in string.gmatch(record[1], '%S+') do
  if known ~= ARGV[1] or (ARGV[2] ~= '' and ARGV[2] ~= record[2]) then left[#left + 1] = known end
end
redis.call('HSET', server, 'withheld', table.concat(left, ' '))
if #left == 0 and not record[2] then
  -- The server has never reported, so its record contained only reasons. The record is now empty and is deleted.
  redis.call('DEL', server)
  redis.call('SREM', servers, server)
  return 0
end
settle(server)
return #left
