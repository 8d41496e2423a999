-- Marks the input that a room's owner has been handling for too long. If the owner is lost, the next owner does not run the input again.
-- The watchdog of the owner writes the mark while the owner still owns the room.
-- KEYS  1 record
-- ARGV  1 epoch of the owner ('' : the room is being set up)  2 id of the current start ('' : a game runs)  3 the input
-- Returns 1, or 0 when the room is not as expected.
local room = redis.call('HMGET', KEYS[1], 'status', 'epoch', 'start')
if ARGV[1] == '' then
  if room[1] ~= 'starting' or room[3] ~= ARGV[2] then return 0 end
  redis.call('HSET', KEYS[1], 'suspect', 'start ' .. ARGV[2] .. ' ' .. ARGV[3])
  return 1
end
if room[1] ~= 'playing' or room[2] ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'suspect', ARGV[1] .. ' ' .. ARGV[3])
return 1
