-- Removes an incarnation for good: neither it nor an older one may report or get rooms again. The reservations on it become void, because
-- they name this incarnation. Idempotent.
--
-- KEYS  1 the server's record  2 servers
-- ARGV  1 incarnation  2 how long the removal is remembered, ms
-- Returns 1 if it was the current one, else 0.

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
