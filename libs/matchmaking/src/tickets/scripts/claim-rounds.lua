-- Makes a lobby the runner of the rounds of a game, if there is work and no other runner.
-- KEYS  1 lease  2 state  3 tickets  4 matches
-- ARGV  1 lobby  2 time to live of the lease in ms  3 fencing token of a runner that the lobby has observed to be dead ('' : none)
-- Returns nil when there is no work; { 0, fencing token, time of the queue } of another runner; { 1, fencing token, time of the queue }.
if redis.call('HLEN', KEYS[3]) == 0 and redis.call('HLEN', KEYS[4]) == 0 then return false end
local holder = redis.call('GET', KEYS[1])
local before = redis.call('HGET', KEYS[2], 'fence')
-- When the clock of Redis was set back, the lease of a dead runner lasts too long. So the caller may name the token of a runner that it
-- observed to be dead.
if holder and holder ~= ARGV[1] and before ~= ARGV[3] then return { 0, before, redis.call('HGET', KEYS[2], 'time') } end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
-- The new token is higher than every earlier one, also when the store has lost the last tokens.
local fence = string.format('%.0f', math.max((tonumber(before) or 0) + 1, now))
redis.call('HSET', KEYS[2], 'fence', fence)
redis.call('HSETNX', KEYS[2], 'time', string.format('%.0f', now))
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return { 1, fence, redis.call('HGET', KEYS[2], 'time') }
