-- Cancels the reservation of a room.
--
-- KEYS  1 reservations  2 expiries
-- ARGV  1 room
-- Returns 1 if there was one, else 0.

local found = forget(KEYS[1], ARGV)
if found == 1 then redis.call('ZREM', KEYS[2], ARGV[1]) end
return found
