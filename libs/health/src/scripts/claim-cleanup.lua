-- Changes the lease on the cleanup of a dead server.
-- KEYS  1 record of the server
-- ARGV  1 incarnation
--       2 'take': acquire the lease if it is free or has expired; 'renew': extend it; 'give-up': release it; 'complete': end the cleanup
--       3 duration of the lease in ms
-- Returns 1: done
--         0: the server is not dead, has another incarnation or no record, its cleanup is complete, or ('take') the lease is held
-- The record does not name the holder of the lease. So 'renew', 'give-up' and 'complete' do not check that the caller is the holder.
local record = redis.call('HMGET', KEYS[1], 'incarnation', 'state', 'settledAt', 'endClaimedAt')
if record[1] ~= ARGV[1] or record[2] ~= 'dead' or record[3] then return 0 end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if ARGV[2] == 'take' and now - (tonumber(record[4]) or 0) < tonumber(ARGV[3]) then return 0 end
if ARGV[2] == 'give-up' then now = 0 end
redis.call('HSET', KEYS[1], ARGV[2] == 'complete' and 'settledAt' or 'endClaimedAt', string.format('%.0f', now))
return 1
