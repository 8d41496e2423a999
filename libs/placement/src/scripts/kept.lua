-- The server has taken the room: its reservation becomes one of its rooms. The answer to `place` stays for a lease more,
-- so that a caller who repeats a start that succeeded is sent to the same server.
--
-- KEYS  1 the room's reservation  2 expiries
-- ARGV  1 claim, ms
-- Answers 1 if it was outstanding, else 0.

local reservation, expiries = KEYS[1], KEYS[2]
local server, weight = give_back(reservation)
if not server then return 0 end
redis.call('HINCRBY', server, 'rooms', 1)
redis.call('HINCRBY', server, 'standing', weight)
redis.call('ZADD', expiries, now_ms() + ARGV[1], reservation)
return 1
