-- Ends the game of a room without running its code, because the owner is gone and the state cannot or must not be adopted.
-- If the owner is alive after all, it is fenced.
-- KEYS  1 record  2 log  3 checkpoint  4 new key of the log  5 new key of the checkpoint
-- ARGV  1 expected epoch  2 expected owner  3 expected incarnation  4 result (JSON)  5 time to live of the two new keys, in ms
-- Returns 1, or 0 when the record is not as expected.
local room = redis.call('HMGET', KEYS[1], 'epoch', 'owner', 'incarnation', 'status')
if room[1] ~= ARGV[1] or room[2] ~= ARGV[2] or room[3] ~= ARGV[3] or room[4] ~= 'playing' then return 0 end
local time = redis.call('TIME')
redis.call('HSET', KEYS[1], 'status', 'waiting', 'result', ARGV[4], 'owner', '', 'incarnation', '', 'start', '', 'batch', '',
  'epoch', string.format('%.0f', tonumber(room[1]) + 1), 'since', string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000)))
redis.call('HDEL', KEYS[1], 'suspect', 'poison', 'losses')
redis.call('HINCRBY', KEYS[1], 'round', 1)
local function keep(key, kept)
  if redis.call('EXISTS', key) == 0 then return end
  redis.call('RENAME', key, kept)
  redis.call('PEXPIRE', kept, ARGV[5])
end
keep(KEYS[2], KEYS[4])
keep(KEYS[3], KEYS[5])
redis.call('PUBLISH', KEYS[1], string.format('%.0f', redis.call('HINCRBY', KEYS[1], 'rev', 1)))
return 1
