-- Confirms a reservation: the server has opened the room, and the room counts among the rooms of the server. The reservation stays for one
-- more lease, so that a caller who repeats the start gets the same server.
--
-- KEYS  1 reservations  2 expiries
-- ARGV  1 room  2 duration of the lease, ms
-- Returns 1, or 0 when there is no reservation, it is confirmed already, or its incarnation is over.

local reservations, expiries = KEYS[1], KEYS[2]
local room, claim_ms = ARGV[1], ARGV[2]

local reservation = redis.call('HGET', reservations, room)
if not reservation then return 0 end
local incarnation, weight, server = terms_of(reservation)
if weight == 'kept' then return 0 end
local record = redis.call('HMGET', server, 'incarnation', 'rooms', 'reserved', 'standing', 'weight')
if record[1] ~= incarnation then return 0 end

-- The score and the used capacity stay the same.
redis.call('HSET', server, 'rooms', record[2] + 1, 'reserved', record[3] - 1, 'standing', record[4] + weight, 'weight', record[5] - weight)
redis.call('HSET', reservations, room, incarnation .. ' kept ' .. server)
redis.call('ZADD', expiries, now_ms() + claim_ms, room)
return 1
