-- The owner of a room in play stores what the list of rooms shows about its game. The revision stays: no lobby or gateway uses the metadata
-- for a decision, so it must not make their writes fail.
-- KEYS  1 record
-- ARGV  1 epoch  2 owner  3 incarnation  4 metadata (JSON, '' : none)
-- Returns 0 ok  1 fenced (another owner has the room, or its game is over)
local room = redis.call('HMGET', KEYS[1], 'epoch', 'owner', 'incarnation', 'status', 'start')
if room[1] ~= ARGV[1] or room[2] ~= ARGV[2] or room[3] ~= ARGV[3] or room[4] ~= 'playing' then return 1 end
-- The metadata names the start of its game. So it ends with the game.
if ARGV[4] == '' then redis.call('HDEL', KEYS[1], 'metadata') else redis.call('HSET', KEYS[1], 'metadata', room[5] .. ' ' .. ARGV[4]) end
return 0
