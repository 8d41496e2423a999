-- Renews or releases a lease. Only the holder of the lease can do so.
-- KEYS  1 lease
-- ARGV  1 token of the holder  2 new TTL in ms ('0': release the lease)
-- Returns 1: done
--         0: the lease has expired, or another process holds it
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[2] == '0' then return redis.call('DEL', KEYS[1]) end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
