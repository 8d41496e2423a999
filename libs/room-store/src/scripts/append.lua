-- Appends a batch of changes to a room's log: fenced by epoch and owner, conditional on the position.
-- Sent again after a lost reply it answers as the first time.
-- KEYS  1 record  2 log
-- ARGV  1 epoch  2 owner  3 incarnation  4 version before  5 version after  6 batch id  7 changes
-- gives 0 ok  1 fenced  2 behind (the store has less than the owner)  3 missing  4 conflict (another writer with my epoch)
local room = redis.call('HMGET', KEYS[1], 'epoch', 'owner', 'incarnation', 'version', 'batch', 'status')
if not room[1] then return 3 end
local epoch, mine = tonumber(room[1]), tonumber(ARGV[1])
if epoch > mine then return 1 end
if epoch < mine then return 2 end
if room[2] ~= ARGV[2] or room[3] ~= ARGV[3] or room[6] ~= 'playing' then return 1 end
if room[4] == ARGV[4] then
  redis.call('XADD', KEYS[2], ARGV[1] .. '-' .. ARGV[5], 'f', ARGV[4], 'c', ARGV[7])
  redis.call('HSET', KEYS[1], 'version', ARGV[5], 'batch', ARGV[6])
  return 0
end
if room[4] == ARGV[5] and room[5] == ARGV[6] then return 0 end
if tonumber(room[4]) > tonumber(ARGV[4]) then return 4 end
return 2
