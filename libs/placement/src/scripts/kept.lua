-- The server has taken the room: its reservation becomes one of its rooms. The answer to `place` stays for a lease more,
-- so that a caller who repeats a start that succeeded is sent to the same server.
--
-- KEYS  1 reservations  2 expiries
-- ARGV  1 room  2 claim, ms
-- Answers 1 if it was outstanding, else 0.

local reservations, expiries = KEYS[1], KEYS[2]
local room, claim_ms = ARGV[1], ARGV[2]

local reservation = redis.call('HGET', reservations, room)
if not reservation then return 0 end
local incarnation, weight, server = terms_of(reservation)
if weight == 'kept' then return 0 end
local record = redis.call('HMGET', server, 'incarnation', 'rooms', 'reserved', 'standing', 'weight')
if record[1] ~= incarnation then return 0 end

-- What it adds to the score is the same as before, and what it takes of the capacity.
redis.call('HSET', server, 'rooms', record[2] + 1, 'reserved', record[3] - 1, 'standing', record[4] + weight, 'weight', record[5] - weight)
redis.call('HSET', reservations, room, incarnation .. ' kept ' .. server)
redis.call('ZADD', expiries, now_ms() + claim_ms, room)
return 1
