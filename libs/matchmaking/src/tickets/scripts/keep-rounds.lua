-- Renews the lease of the runner, and stores the time of the queue.
-- KEYS  1 lease  2 state
-- ARGV  1 lobby  2 fencing token  3 time to live in ms, '0': release the lease  4 time of the queue
-- Returns 1; 0 when another lobby has become the runner since.
if redis.call('HGET', KEYS[2], 'fence') ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[2], 'time', ARGV[4])
if ARGV[3] == '0' then redis.call('DEL', KEYS[1]) else redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3]) end
return 1
