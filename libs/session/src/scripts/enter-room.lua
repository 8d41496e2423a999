-- Stores the room of a session in its record. Never creates a record: a session that is over stays over.
--
-- KEYS  1 record of the session
-- ARGV  1 room, or '' for none
-- Returns 1, or 0 when the session does not exist.

if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], 'room', ARGV[1])
return 1
