-- Stores the room of a session in its record. Never creates a record, so a session that has ended stays ended.
--
-- KEYS  1 record of the session
-- ARGV  1 room ('' : none)
-- Returns 1: stored
--         0: the session has no record

if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], 'room', ARGV[1])
return 1
