-- Ends the game of a room and stores its last batch. The room then waits for its next game. Deletes the log and the checkpoint.
-- KEYS  1 record of the room  2 log  3 checkpoint  4 effects  5 epilogue
-- ARGV  1 epoch  2 owner  3 incarnation  4 version before the batch ('' : any)  5 id of the batch  6 result (JSON)
--       7 effects that have not run yet ('' : none)  8 epilogue, for players who were away at the end  9 TTL of the epilogue, in ms
-- Returns {0, revision, document of the room}: the game has ended
--         1 fenced  2 behind  3 missing  4 conflict (the numbers have the same meaning as in `append.lua`)
local room = redis.call('HMGET', KEYS[1], 'epoch', 'owner', 'incarnation', 'version', 'batch', 'status', 'doc')
if not room[1] then return 3 end
if room[6] ~= 'playing' and room[5] == ARGV[5] then return { 0, redis.call('HGET', KEYS[1], 'rev'), room[7] } end
local epoch, mine = tonumber(room[1]), tonumber(ARGV[1])
if epoch > mine then return 1 end
if epoch < mine then return 2 end
if room[2] ~= ARGV[2] or room[3] ~= ARGV[3] or room[6] ~= 'playing' then return 1 end
if ARGV[4] ~= '' and room[4] ~= ARGV[4] then
  if tonumber(room[4]) > tonumber(ARGV[4]) then return 4 end
  return 2
end
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
redis.call('HSET', KEYS[1], 'status', 'waiting', 'result', ARGV[6], 'batch', ARGV[5], 'owner', '', 'incarnation', '', 'start', '', 'since', now)
redis.call('HDEL', KEYS[1], 'suspect', 'poison', 'losses')
redis.call('HINCRBY', KEYS[1], 'round', 1)
redis.call('DEL', KEYS[2], KEYS[3])
if ARGV[7] ~= '' then redis.call('HSET', KEYS[4], ARGV[5], ARGV[7]) end
redis.call('SET', KEYS[5], ARGV[8], 'PX', ARGV[9])
local rev = string.format('%.0f', redis.call('HINCRBY', KEYS[1], 'rev', 1))
redis.call('PUBLISH', KEYS[1], table.concat({ 'finished', rev, now, ARGV[6] }, ' '))
return { 0, rev, room[7] }
