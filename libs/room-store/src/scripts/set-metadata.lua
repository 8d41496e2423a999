-- Stores the metadata that the list of rooms shows for a running game. Only the owner of the room can do so. The revision does not change,
-- because lobbies and gateways base no decision on metadata. A new revision would make their writes fail without a need.
-- KEYS  1 record of the room
-- ARGV  1 epoch  2 owner  3 incarnation  4 metadata (JSON, '' : none)
-- Returns 0 done
--         1 fenced: the room has another owner, or the game is over
local room = redis.call('HMGET', KEYS[1], 'epoch', 'owner', 'incarnation', 'status', 'start')
if room[1] ~= ARGV[1] or room[2] ~= ARGV[2] or room[3] ~= ARGV[3] or room[4] ~= 'playing' then return 1 end
-- The field also contains the start id of the game, so that readers ignore the metadata in the next game.
if ARGV[4] == '' then redis.call('HDEL', KEYS[1], 'metadata') else redis.call('HSET', KEYS[1], 'metadata', room[5] .. ' ' .. ARGV[4]) end
return 0
