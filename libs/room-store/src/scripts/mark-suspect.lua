-- Notes which input of a room its owner has been handling for too long: should the owner be lost, the next one does not run
-- it again. Written by the owner's watchdog while the room is still its own.
-- KEYS  1 record
-- ARGV  1 epoch of the owner ('' : the room is being set up)  2 id of the start under way ('' : the room is in play)  3 the input
-- gives 1; 0 where the room is not (any more) as expected
local room = redis.call('HMGET', KEYS[1], 'status', 'epoch', 'start')
if ARGV[1] == '' then
  if room[1] ~= 'starting' or room[3] ~= ARGV[2] then return 0 end
  redis.call('HSET', KEYS[1], 'suspect', 'start ' .. ARGV[2] .. ' ' .. ARGV[3])
  return 1
end
if room[1] ~= 'playing' or room[2] ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'suspect', ARGV[1] .. ' ' .. ARGV[3])
return 1
