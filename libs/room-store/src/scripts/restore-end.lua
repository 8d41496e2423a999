-- Writes the end of a game into a store that lost this end. The caller is the last owner of the game. The script never creates a record.
-- If the record is missing and the room still has members, a gateway restores the record (`restore-room.lua`).
-- KEYS  1 record of the room  2 log  3 checkpoint  4 effects  5 epilogue
-- ARGV  1 epoch of the game  2 id of the last batch  3 result (JSON)  4 effects that have not run yet ('' : none)  5 epilogue
--       6 TTL of the epilogue, in ms  7 revision after the end  8 document of the room  9 round after the end  10 game
--       11 '1': the room is private, '0': it is public
-- Returns 0 the store has the end
--         1 nothing is written, because the store has a later owner or a later game
--         3 nothing is written, because the room has no record
local room = redis.call('HMGET', KEYS[1], 'rev', 'status', 'round', 'epoch', 'batch')
local epoch, mine = tonumber(room[4]) or 0, tonumber(ARGV[1])
local round, ended = tonumber(room[3]) or 0, tonumber(ARGV[9])
if not room[1] then return 3 end
if epoch > mine or round > ended then return 1 end
if room[5] == ARGV[2] and room[2] ~= 'playing' then return 0 end
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
if round < ended then
  redis.call('HSET', KEYS[1], 'status', 'waiting', 'result', ARGV[3], 'round', ARGV[9], 'owner', '', 'incarnation', '', 'start', '', 'since', now)
  redis.call('HDEL', KEYS[1], 'suspect', 'poison', 'losses')
  redis.call('DEL', KEYS[2], KEYS[3])
end
redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'batch', ARGV[2])
local rev = room[1]
if tonumber(rev) < tonumber(ARGV[7]) then
  rev = ARGV[7]
  redis.call('HSET', KEYS[1], 'rev', rev, 'doc', ARGV[8], 'game', ARGV[10], 'private', ARGV[11])
end
if ARGV[4] ~= '' then redis.call('HSET', KEYS[4], ARGV[2], ARGV[4]) end
redis.call('SET', KEYS[5], ARGV[5], 'PX', ARGV[6])
redis.call('PUBLISH', KEYS[1], rev)
return 0
