-- Removes the matchmaking ticket from the record of a user, unless the user has another ticket.
--
-- KEYS  1 the user
-- ARGV  1 "TICKET GAME"
-- Returns 1, or 0 when the record has no ticket or another one.

if redis.call('HGET', KEYS[1], 'ticket') ~= ARGV[1] then return 0 end
return redis.call('HDEL', KEYS[1], 'ticket')
