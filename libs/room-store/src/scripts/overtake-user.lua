-- A user stays where they are, and whatever they asked for before this is late from now on.
--
-- KEYS  1 the user
-- ARGV  1 turn and  2 number of the request, '' of nobody in particular  3 TTL, seconds  4 '1': only if they are in no room, or watch one
-- Answers 1; 0 when this one is late itself; the room that they are in.

if ARGV[4] == '1' then
  local there = redis.call('HMGET', KEYS[1], 'room', 'watching')
  if there[1] and there[2] ~= '1' then return there[1] end
end
if isOvertaken(KEYS[1], ARGV[1], ARGV[2], false) then return 0 end
noteMove(KEYS[1], ARGV[1], ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1
