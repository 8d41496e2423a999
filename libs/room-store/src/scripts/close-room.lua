-- Ends a room that is not played, if nobody changed it since it was read. That it is closed is kept for a while: a former owner
-- or a gateway that slept through all of this must not take its absence for a loss.
-- KEYS  1 record  2 log  3 checkpoint  4 closed
-- ARGV  1 rev it was read at  2 why  3 how long that it is closed is kept, in ms
-- gives 1; 0 when another was faster or a game runs
local room = redis.call('HMGET', KEYS[1], 'rev', 'status', 'epoch')
if room[1] ~= ARGV[1] then return 0 end
if room[2] == 'playing' then return 0 end
redis.call('DEL', KEYS[1], KEYS[2], KEYS[3])
redis.call('SET', KEYS[4], room[3] or '0', 'PX', ARGV[3])
redis.call('PUBLISH', KEYS[1], 'closed ' .. ARGV[2])
return 1
