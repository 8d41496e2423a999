-- Deletes the reservations of rooms whose games ended on a server, so that placement chooses a server again for the next game. A
-- reservation on another server or incarnation stays, because it belongs to a later start. A repeated call changes nothing.
--
-- KEYS  1 reservations  2 expiries (see `shared.lua`)
-- ARGV  1 record of the server  2 incarnation of the server  3… rooms
-- Returns the number of deleted reservations.

local reservations, expiries, server, incarnation = KEYS[1], KEYS[2], ARGV[1], ARGV[2]

local rooms = { unpack(ARGV, 3) }
local ours = {}
for i, reservation in ipairs(redis.call('HMGET', reservations, unpack(rooms))) do
  if reservation then
    local reserved_for, _, owner = terms_of(reservation)
    if owner == server and reserved_for == incarnation then ours[#ours + 1] = rooms[i] end
  end
end
if #ours == 0 then return 0 end
redis.call('ZREM', expiries, unpack(ours))
return forget(reservations, ours)
