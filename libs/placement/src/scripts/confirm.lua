-- Confirms the reservation of a room after the server has opened the room. From now on, the room counts as a room of the server and not as a
-- reserved slot. The reservation stays for one more lease, so that a repeated start of the room gets the same server.
--
-- KEYS  1 reservations  2 expiries (see `shared.lua`)
-- ARGV  1 room  2 duration of the lease, ms
-- Returns 1: confirmed
--         0: there is no reservation, it was confirmed before, or its server has another incarnation now

local reservations, expiries = KEYS[1], KEYS[2]
local room, claim_ms = ARGV[1], ARGV[2]

local reservation = redis.call('HGET', reservations, room)
if not reservation then return 0 end
local incarnation, weight, server = terms_of(reservation)
if weight == 'kept' then return 0 end
local record = redis.call('HMGET', server, 'incarnation', 'rooms', 'reserved', 'standing', 'weight')
if record[1] ~= incarnation then return 0 end

-- Only moves the room from the reserved slots to the open rooms, so the score and the used capacity of the server do not change.
redis.call('HSET', server, 'rooms', record[2] + 1, 'reserved', record[3] - 1, 'standing', record[4] + weight, 'weight', record[5] - weight)
redis.call('HSET', reservations, room, incarnation .. ' kept ' .. server)
redis.call('ZADD', expiries, now_ms() + claim_ms, room)
return 1
