-- A user stays where they are, and whatever they asked for before this is late from now on.
--
-- KEYS  1 the user
-- ARGV  1 turn and  2 number of the request  3 TTL, seconds
-- Answers 1, or 0 when this one is late itself.

if isOvertaken(KEYS[1], ARGV[1], ARGV[2], false) then return 0 end
noteMove(KEYS[1], ARGV[1], ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1
