-- Makes all older requests of a user late (see `user-overtaken.lua`). The user stays in the room.
--
-- KEYS  1 record of the user
-- ARGV  1 admission of the request ('' : no player made the request)  2 number of the request  3 TTL of the record, in seconds
--       4 '1': do nothing when the user is a member of a room
-- Returns 1: done
--         0: nothing is written, because this request is late itself
--         the room of the user: nothing is written, because ARGV 4 is '1' and the user is a member of this room

if ARGV[4] == '1' then
  local there = redis.call('HMGET', KEYS[1], 'room', 'watching')
  if there[1] and there[2] ~= '1' then return there[1] end
end
if isOvertaken(KEYS[1], ARGV[1], ARGV[2], false) then return 0 end
noteMove(KEYS[1], ARGV[1], ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1
