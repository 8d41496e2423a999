-- Releases the reservations of rooms whose games have ended on a server, so that a server is chosen again for the next game of
-- each. A reservation on another server or incarnation belongs to a later start and stays. Idempotent.
--
-- KEYS  1 reservations  2 expiries
-- ARGV  1 the server's record  2 its incarnation  3… rooms
-- Returns the number of released reservations.

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
