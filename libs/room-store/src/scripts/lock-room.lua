-- Stores whether the game of a room accepts more players. Only the owner of the room can lock or unlock it.
-- KEYS  1 record of the room
-- ARGV  1 epoch  2 owner  3 incarnation  4 '1': lock, '0': unlock
-- Returns 0 done
--         1 fenced: the room has another owner, or the game is over
local room = redis.call('HMGET', KEYS[1], 'epoch', 'owner', 'incarnation', 'status', 'start', 'locked')
if room[1] ~= ARGV[1] or room[2] ~= ARGV[2] or room[3] ~= ARGV[3] or room[4] ~= 'playing' then return 1 end
-- The value of the lock is the start id of the game, so the lock is invalid in the next game.
local locked = ARGV[4] == '1' and room[5] or ''
if (room[6] or '') == locked then return 0 end
redis.call('HSET', KEYS[1], 'locked', locked)
-- The new revision prevents a lobby from writing the room before it has read the lock.
redis.call('PUBLISH', KEYS[1], string.format('%.0f', redis.call('HINCRBY', KEYS[1], 'rev', 1)))
return 0
