-- Deletes the key of a user's live session, unless it already names a newer session.
--
-- KEYS  1 live session of the user
-- ARGV  1 id of the session that ended
-- Returns 1.

if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 1
