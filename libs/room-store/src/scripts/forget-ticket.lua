-- Removes a matchmaking ticket from the record of its user. Does nothing when the record has another ticket.
--
-- KEYS  1 record of the user
-- ARGV  1 "TICKET GAME"
-- Returns 1: removed
--         0: the record has another ticket or none

if redis.call('HGET', KEYS[1], 'ticket') ~= ARGV[1] then return 0 end
return redis.call('HDEL', KEYS[1], 'ticket')
