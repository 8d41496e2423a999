-- Takes, renews, gives up or completes the lease on the cleanup of a dead server.
-- KEYS  the server's record
-- ARGV  incarnation
--       'take': only if the lease is free or has expired | 'renew' | 'give-up': others may take it immediately | 'complete'
--       duration of the lease in ms
-- Returns 1. Returns 0 when there is no record, when the server is not dead or has another incarnation, or when its cleanup is complete.
-- 'take' also returns 0 while the lease is valid. The record does not name the holder, so the other verbs do not check who calls.
local record = redis.call('HMGET', KEYS[1], 'incarnation', 'state', 'settledAt', 'endClaimedAt')
if record[1] ~= ARGV[1] or record[2] ~= 'dead' or record[3] then return 0 end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if ARGV[2] == 'take' and now - (tonumber(record[4]) or 0) < tonumber(ARGV[3]) then return 0 end
if ARGV[2] == 'give-up' then now = 0 end
redis.call('HSET', KEYS[1], ARGV[2] == 'complete' and 'settledAt' or 'endClaimedAt', string.format('%.0f', now))
return 1
