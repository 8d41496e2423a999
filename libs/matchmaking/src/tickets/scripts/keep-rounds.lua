-- Renews or releases the lease of the runner of the matchmaking rounds, and stores the queue time.
-- KEYS  1 lease of the runner  2 state (see `ticket-functions.lua`)
-- ARGV  1 lobby  2 fencing token of the lobby  3 TTL of the lease in ms ('0': release the lease)  4 queue time in ms
-- Returns 1: done
--         0: nothing is written, because another lobby is the runner
if redis.call('HGET', KEYS[2], 'fence') ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[2], 'time', ARGV[4])
if ARGV[3] == '0' then redis.call('DEL', KEYS[1]) else redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3]) end
return 1
