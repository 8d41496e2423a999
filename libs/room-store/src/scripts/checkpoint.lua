-- Replaces the checkpoint of a room, and removes from the log the changes that the new checkpoint contains. The version in the record never
-- decreases.
-- KEYS  1 record of the room  2 log  3 checkpoint
-- ARGV  1 epoch  2 owner  3 incarnation  4 version of the state  5 state
--       6 '1': the log need not lead to this version (durability `checkpoint`, or after a schema upgrade)
--       7 new game version after a schema upgrade ('' : unchanged)
-- Returns 0 done  1 fenced  2 behind  3 missing (the numbers have the same meaning as in `append.lua`)
local room = redis.call('HMGET', KEYS[1], 'epoch', 'owner', 'incarnation', 'version', 'status')
if not room[1] then return 3 end
local epoch, mine = tonumber(room[1]), tonumber(ARGV[1])
if epoch > mine then return 1 end
if epoch < mine then return 2 end
if room[2] ~= ARGV[2] or room[3] ~= ARGV[3] or room[5] ~= 'playing' then return 1 end
local stored, version = tonumber(room[4]), tonumber(ARGV[4])
if stored < version then
  if ARGV[6] ~= '1' then return 2 end
  redis.call('HSET', KEYS[1], 'version', ARGV[4])
end
-- A later checkpoint is already stored, and the log no longer has the changes between both checkpoints. If this call replaced the later
-- checkpoint with the earlier one, these changes would be lost.
if stored - redis.call('LLEN', KEYS[2]) > version then return 0 end
redis.call('SET', KEYS[3], ARGV[5])
if ARGV[7] ~= '' then redis.call('HSET', KEYS[1], 'gameVersion', ARGV[7]) end
if stored > version then redis.call('LTRIM', KEYS[2], version - stored, -1) else redis.call('DEL', KEYS[2]) end
return 0
