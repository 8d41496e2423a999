-- Cancels the reservation of a room.
--
-- KEYS  1 reservations  2 expiries (see `shared.lua`)
-- ARGV  1 room
-- Returns 1, or 0 when the room had no reservation.

local found = forget(KEYS[1], ARGV)
if found == 1 then redis.call('ZREM', KEYS[2], ARGV[1]) end
return found
