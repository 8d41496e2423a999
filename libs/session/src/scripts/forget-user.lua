-- A user has no live session any more, unless it is another one by now.
--
-- KEYS  1 the user's session
-- ARGV  1 the session that ended

if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 1
