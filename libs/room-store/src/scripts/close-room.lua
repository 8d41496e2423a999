-- Closes a room without a running game, if its record has not changed since it was read. The key `closed` stays for a while. It shows a
-- former owner or a gateway that was suspended that the room was closed, so that it does not restore the missing record.
-- KEYS  1 record  2 log  3 checkpoint  4 closed
-- ARGV  1 rev that was read  2 reason  3 time to live of `closed`, in ms
-- Returns 1, or 0 when the record has changed or a game runs.
local room = redis.call('HMGET', KEYS[1], 'rev', 'status', 'epoch')
if room[1] ~= ARGV[1] then return 0 end
if room[2] == 'playing' then return 0 end
redis.call('DEL', KEYS[1], KEYS[2], KEYS[3])
redis.call('SET', KEYS[4], room[3] or '0', 'PX', ARGV[3])
redis.call('PUBLISH', KEYS[1], 'closed ' .. ARGV[2])
return 1
