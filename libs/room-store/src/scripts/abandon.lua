-- Ends the game of a room without running code of the game. Needed when the owner is dead and no server can or may adopt the room. If the
-- owner is alive, the new epoch fences it.
-- KEYS  1 record of the room  2 log  3 checkpoint  4 new key for the log  5 new key for the checkpoint
-- ARGV  1 expected epoch  2 expected owner  3 expected incarnation  4 result of the game (JSON)  5 TTL of the two new keys, in ms
-- Returns 1: the game is ended, and the log and the checkpoint are renamed to the new keys
--         0: nothing is written, because the room has another epoch or owner, or no game
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
