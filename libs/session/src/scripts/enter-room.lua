-- Notes on a session which room it plays in. Never makes a record: one that is gone stays gone.
--
-- KEYS  1 the session
-- ARGV  1 room, or '' for none
-- Answers 1, or 0 when there is no such session.

if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], 'room', ARGV[1])
return 1
