-- Closes a room in which no game runs, if its record has not changed since the caller read it. Writes the key `closed`, which shows a
-- former owner or a gateway that the room was closed. Otherwise a process that was suspended would restore the record, as if the store had
-- lost the record.
-- KEYS  1 record of the room  2 log  3 checkpoint  4 `closed`
-- ARGV  1 revision that the caller read  2 reason  3 TTL of `closed`, in ms
-- Returns 1: closed
--         0: nothing is written, because the record has changed or a game runs
local room = redis.call('HMGET', KEYS[1], 'rev', 'status', 'epoch')
if room[1] ~= ARGV[1] then return 0 end
if room[2] == 'playing' then return 0 end
redis.call('DEL', KEYS[1], KEYS[2], KEYS[3])
redis.call('SET', KEYS[4], room[3] or '0', 'PX', ARGV[3])
redis.call('PUBLISH', KEYS[1], 'closed ' .. ARGV[2])
return 1
