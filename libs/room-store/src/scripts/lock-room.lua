-- The owner of a room in play stores whether its game takes more players.
-- KEYS  1 record
-- ARGV  1 epoch  2 owner  3 incarnation  4 '1': locked, '0': not
-- Returns 0 ok  1 fenced (another owner has the room, or its game is over)
local room = redis.call('HMGET', KEYS[1], 'epoch', 'owner', 'incarnation', 'status', 'start', 'locked')
if room[1] ~= ARGV[1] or room[2] ~= ARGV[2] or room[3] ~= ARGV[3] or room[4] ~= 'playing' then return 1 end
-- The lock names the start of its game. So it ends with the game.
local locked = ARGV[4] == '1' and room[5] or ''
if (room[6] or '') == locked then return 0 end
redis.call('HSET', KEYS[1], 'locked', locked)
-- A lobby that has read the record before must read this new revision before it can write.
redis.call('PUBLISH', KEYS[1], string.format('%.0f', redis.call('HINCRBY', KEYS[1], 'rev', 1)))
return 0
