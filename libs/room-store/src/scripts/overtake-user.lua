-- Makes all older requests of a user late, so that they are refused. The user stays in the room.
--
-- KEYS  1 the user
-- ARGV  1 admission ('' : not a request of a player) and  2 number of the request  3 time to live, in seconds
--       4 '1': only when the user is in no room or is a spectator
-- Returns 1; 0 when this request is late itself; the room, without a write, when ARGV 4 is '1' and the user is a member of a room.

if ARGV[4] == '1' then
  local there = redis.call('HMGET', KEYS[1], 'room', 'watching')
  if there[1] and there[2] ~= '1' then return there[1] end
end
if isOvertaken(KEYS[1], ARGV[1], ARGV[2], false) then return 0 end
noteMove(KEYS[1], ARGV[1], ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1
