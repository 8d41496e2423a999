-- Makes a lobby the runner of the matchmaking rounds of a game. Does nothing when no player searches or another lobby is the runner.
-- KEYS  1 lease of the runner  2 state  3 tickets  4 matches (see `ticket-functions.lua`)
-- ARGV  1 lobby  2 TTL of the lease in ms  3 fencing token of a runner that this lobby knows to be dead ('' : none)
-- Returns nil: there are no tickets and no matches
--         {0, fencing token, queue time}: another lobby is the runner
--         {1, fencing token, queue time}: this lobby is the runner
if redis.call('HLEN', KEYS[3]) == 0 and redis.call('HLEN', KEYS[4]) == 0 then return false end
local holder = redis.call('GET', KEYS[1])
local before = redis.call('HGET', KEYS[2], 'fence')
-- When the clock of Redis was set back, the lease of a dead runner expires too late. So a lobby may replace a runner that it knows to be
-- dead.
if holder and holder ~= ARGV[1] and before ~= ARGV[3] then return { 0, before, redis.call('HGET', KEYS[2], 'time') } end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
-- Tokens are at least the store time in ms. So the new token is higher than every earlier token, even after the store lost the latest
-- tokens.
local fence = string.format('%.0f', math.max((tonumber(before) or 0) + 1, now))
redis.call('HSET', KEYS[2], 'fence', fence)
redis.call('HSETNX', KEYS[2], 'time', string.format('%.0f', now))
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return { 1, fence, redis.call('HGET', KEYS[2], 'time') }
