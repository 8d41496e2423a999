-- Moves a user to a room, or out of a room. Does nothing when the request is late (see `user-overtaken.lua`).
--
-- KEYS  1 record of the user
-- ARGV  1 room ('' : none)  2 '1': as a spectator  3 admission of the request ('' : no player made the request)  4 number of the request
--       5 room that the user must be in now ('' : any)  6 '1': a later admission does not make the request late
--       7 TTL of the record, in seconds
-- Returns 1: moved
--         0: nothing is written, because the request is late or the user is not in the room of ARGV 5

if isOvertaken(KEYS[1], ARGV[3], ARGV[4], ARGV[6] == '1') then return 0 end
if ARGV[5] ~= '' and redis.call('HGET', KEYS[1], 'room') ~= ARGV[5] then return 0 end
if ARGV[1] == '' then
  redis.call('HDEL', KEYS[1], 'room', 'watching', 'by')
else
  redis.call('HSET', KEYS[1], 'room', ARGV[1], 'watching', ARGV[2], 'by', ARGV[3] .. ':' .. ARGV[4])
end
noteMove(KEYS[1], ARGV[3], ARGV[4])
redis.call('EXPIRE', KEYS[1], ARGV[7])
return 1
