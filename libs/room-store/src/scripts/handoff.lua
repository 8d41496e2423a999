-- Makes another server the owner of a room, when the current owner hands the room off. The old owner cannot undo the handoff. A repeated
-- call changes nothing and returns the same answer.
-- KEYS  1 record of the room  2 log  3 checkpoint
-- ARGV  1 epoch  2 owner  3 incarnation  4 version of the state  5 new epoch  6 new owner  7 incarnation of the new owner  8 state
--       9 room time, in ms  10 format of the state ('' : every version of Holdfast can read it)
-- Returns 0 done
--         1 fenced: another server owns the room, or the log has changes that the state does not contain
--         2 behind: the store has an older epoch, because it lost data
--         3 missing: the room has no record
local room = redis.call('HMGET', KEYS[1], 'epoch', 'owner', 'incarnation', 'version', 'status')
if not room[1] then return 3 end
local epoch, mine, new = tonumber(room[1]), tonumber(ARGV[1]), tonumber(ARGV[5])
if epoch == new and room[2] == ARGV[6] and room[3] == ARGV[7] then return 0 end
if epoch > mine or room[5] ~= 'playing' then return 1 end
if epoch < mine then return 2 end
if room[2] ~= ARGV[2] or room[3] ~= ARGV[3] or tonumber(room[4]) > tonumber(ARGV[4]) then return 1 end
local time = redis.call('TIME')
-- Stores the room time and the store time of the handoff. The new owner computes the current room time from both.
local handed = string.format('%s %.0f %s', ARGV[5], time[1] * 1000 + math.floor(time[2] / 1000), ARGV[9])
redis.call('HSET', KEYS[1], 'epoch', ARGV[5], 'owner', ARGV[6], 'incarnation', ARGV[7], 'version', ARGV[4], 'handed', handed)
redis.call('SET', KEYS[3], ARGV[8])
redis.call('DEL', KEYS[2])
-- The log is empty now, so the format of the room is the format of the state. When the new owner adopts the room, it raises the format if
-- its changes need a higher one.
if (ARGV[10] or '') == '' then redis.call('HDEL', KEYS[1], 'format') else redis.call('HSET', KEYS[1], 'format', ARGV[10]) end
-- Publishes nothing and keeps the revision. Otherwise gateways would attach sessions to the new owner before it has loaded the room, and
-- these attachments would fail. The new owner publishes its adoption later.
return 0
