-- A login becomes its user's live session, if no other login came between.
--
-- KEYS  1 the user's session
-- ARGV  1 the session it was, as it was read ('': none)  2 the new one  3 TTL, ms
-- Answers 1, or 0 when it is another by now.

if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
