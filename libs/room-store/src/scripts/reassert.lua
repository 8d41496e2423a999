-- A living owner writes its room again, into a store that lost some or all of it. Refused where the store knows better.
-- KEYS  1 record  2 log  3 checkpoint  4 closed
-- ARGV  1 epoch  2 owner  3 incarnation  4 version  5 batch id  6 state ('' : not to outlive its server)  7 doc  8 game  9 durability
--       10 round  11 start  12 version of the game
-- gives 0 ok  1 fenced
local room = redis.call('HMGET', KEYS[1], 'epoch', 'owner', 'incarnation', 'version', 'doc', 'status', 'batch')
local epoch, mine = tonumber(room[1]), tonumber(ARGV[1])
-- Not lost, but over: others played it to its end and left it while this owner was away.
if not room[5] and redis.call('EXISTS', KEYS[4]) == 1 then return 1 end
if epoch and epoch > mine then return 1 end
if epoch == mine then
  if room[2] ~= ARGV[2] or room[3] ~= ARGV[3] then return 1 end
  if tonumber(room[4]) > tonumber(ARGV[4]) then return 1 end
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'owner', ARGV[2], 'incarnation', ARGV[3], 'version', ARGV[4], 'batch', ARGV[5],
  'status', 'playing', 'game', ARGV[8], 'durability', ARGV[9], 'start', ARGV[11], 'gameVersion', ARGV[12])
if not room[5] then redis.call('HSET', KEYS[1], 'doc', ARGV[7], 'round', ARGV[10], 'rev', string.format('%.0f', now), 'since', string.format('%.0f', now)) end
redis.call('DEL', KEYS[2])
if ARGV[6] ~= '' then redis.call('SET', KEYS[3], ARGV[6]) end
redis.call('PUBLISH', KEYS[1], string.format('%.0f', redis.call('HINCRBY', KEYS[1], 'rev', 1)))
return 0
