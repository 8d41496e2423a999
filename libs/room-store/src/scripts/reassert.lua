-- Restores a room in a store that lost the room or a part of it. The caller is the living owner of the room. The script writes the owner's
-- document of the room only when the store has an older one or none. The document keeps its revision, because two different documents
-- must never have the same revision.
-- KEYS  1 record of the room  2 log  3 checkpoint  4 `closed` (see `close-room.lua`)
-- ARGV  1 epoch  2 owner  3 incarnation  4 version  5 id of the last batch  6 state ('' : the game has no stored state)
--       7 document of the room  8 game  9 durability  10 round  11 id of the start  12 game version  13 revision of the document
--       14 '1': the room is private, '0': it is public  15 format of the log
-- Returns 0 restored
--         1 fenced: the room has another owner, the game is over, or the room is closed
local room = redis.call('HMGET', KEYS[1], 'epoch', 'owner', 'incarnation', 'version', 'rev', 'round')
local epoch, mine = tonumber(room[1]), tonumber(ARGV[1])
-- The store did not lose the record. A lobby closed the room while this owner was suspended or had no connection.
if not room[5] and redis.call('EXISTS', KEYS[4]) == 1 then return 1 end
if epoch and epoch > mine then return 1 end
if epoch == mine then
  if room[2] ~= ARGV[2] or room[3] ~= ARGV[3] then return 1 end
  if tonumber(room[4]) > tonumber(ARGV[4]) then return 1 end
end
if (tonumber(room[6]) or 0) > tonumber(ARGV[10]) then return 1 end
redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'owner', ARGV[2], 'incarnation', ARGV[3], 'version', ARGV[4], 'batch', ARGV[5],
  'status', 'playing', 'game', ARGV[8], 'durability', ARGV[9], 'round', ARGV[10], 'start', ARGV[11], 'gameVersion', ARGV[12])
redis.call('HDEL', KEYS[1], 'result')
if ARGV[15] == '1' then redis.call('HDEL', KEYS[1], 'format') else redis.call('HSET', KEYS[1], 'format', ARGV[15]) end
local rev = room[5]
if not rev then
  local time = redis.call('TIME')
  redis.call('HSET', KEYS[1], 'since', string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000)))
end
if not rev or tonumber(rev) < tonumber(ARGV[13]) then
  rev = ARGV[13]
  redis.call('HSET', KEYS[1], 'doc', ARGV[7], 'rev', rev, 'private', ARGV[14])
end
redis.call('DEL', KEYS[2])
if ARGV[6] ~= '' then redis.call('SET', KEYS[3], ARGV[6]) end
redis.call('PUBLISH', KEYS[1], rev)
return 0
