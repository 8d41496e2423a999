-- Deletes the key with the live session of a user, because that session has ended. Does nothing when the user has a newer live session.
--
-- KEYS  1 live session of the user
-- ARGV  1 id of the session that ended
-- Returns 1.

if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 1
