-- Makes a new session the live session of its user. Does nothing when another login has changed the live session since the caller read it.
--
-- KEYS  1 live session of the user
-- ARGV  1 id of the live session that the caller read ('' : none)  2 id of the new session  3 TTL, ms
-- Returns 1: done
--         0: the user has another live session now

if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
