-- Removes an incarnation of a server. This incarnation and older ones can no longer report or get rooms. Their reservations become invalid,
-- because a reservation names its incarnation. A repeated call changes nothing.
--
-- KEYS  1 record of the server  2 servers (set of all records)
-- ARGV  1 incarnation  2 time for which the record stores the removal, ms
-- Returns 1 when the incarnation was the current one, else 0.

local server, servers = KEYS[1], KEYS[2]
local known = compare_incarnation(server, ARGV[1])
if known == 'older' or known == 'removed' then return 0 end

local order = redis.call('HGET', server, 'order')
if order then leave(server, order) end
redis.call('DEL', server)
redis.call('SREM', servers, server)
redis.call('HSET', server, 'removed', ARGV[1])
redis.call('PEXPIRE', server, ARGV[2])
return known == 'current' and 1 or 0
