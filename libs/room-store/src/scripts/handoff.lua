-- Gives a room to another server by plan. The old owner cannot take it back. A repeated call returns the same answer.
-- KEYS  1 record  2 log  3 checkpoint
-- ARGV  1 epoch  2 owner  3 incarnation  4 version  5 new epoch  6 new owner  7 its incarnation  8 state  9 room time, in ms
--       10 format of the state ('' : every version of Holdfast can read it)
-- Returns 0 ok  1 fenced (another server owns the room, or the log has changes that the state lacks)  2 behind  3 missing
local room = redis.call('HMGET', KEYS[1], 'epoch', 'owner', 'incarnation', 'version', 'status')
if not room[1] then return 3 end
local epoch, mine, new = tonumber(room[1]), tonumber(ARGV[1]), tonumber(ARGV[5])
if epoch == new and room[2] == ARGV[6] and room[3] == ARGV[7] then return 0 end
if epoch > mine or room[5] ~= 'playing' then return 1 end
if epoch < mine then return 2 end
if room[2] ~= ARGV[2] or room[3] ~= ARGV[3] or tonumber(room[4]) > tonumber(ARGV[4]) then return 1 end
local time = redis.call('TIME')
-- Stores the room time together with the store time. The new owner continues the room time from both.
local handed = string.format('%s %.0f %s', ARGV[5], time[1] * 1000 + math.floor(time[2] / 1000), ARGV[9])
redis.call('HSET', KEYS[1], 'epoch', ARGV[5], 'owner', ARGV[6], 'incarnation', ARGV[7], 'version', ARGV[4], 'handed', handed)
redis.call('SET', KEYS[3], ARGV[8])
redis.call('DEL', KEYS[2])
-- The log is empty, so only the state decides which versions of Holdfast can read the room. The new owner sets the format of its changes.
if (ARGV[10] or '') == '' then redis.call('HDEL', KEYS[1], 'format') else redis.call('HSET', KEYS[1], 'format', ARGV[10]) end
-- The script publishes nothing and keeps the revision, because attachments would fail before the new owner has loaded the room. The new
-- owner then publishes its adoption.
return 0
