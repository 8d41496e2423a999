-- Marks an input that the owner of a room has been running for too long. The watchdog of the owner calls this script. If the owner fails,
-- the next owner reads the mark and does not run the input again.
-- KEYS  1 record of the room
-- ARGV  1 epoch of the owner ('' : the setup of the game)  2 id of the start ('' : a game runs)  3 input
-- Returns 1: marked
--         0: nothing is written, because the room has another epoch, another start or no game
local room = redis.call('HMGET', KEYS[1], 'status', 'epoch', 'start')
if ARGV[1] == '' then
  if room[1] ~= 'starting' or room[3] ~= ARGV[2] then return 0 end
  redis.call('HSET', KEYS[1], 'suspect', 'start ' .. ARGV[2] .. ' ' .. ARGV[3])
  return 1
end
if room[1] ~= 'playing' or room[2] ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'suspect', ARGV[1] .. ' ' .. ARGV[3])
return 1
