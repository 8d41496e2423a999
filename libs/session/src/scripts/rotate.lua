-- A session goes on at another gateway, under a new secret, if its secrets are still those that were checked.
--
-- KEYS  1 the session
-- ARGV  1 hash of the secret  2 hash of the previous one ('': none), both as they were read
--       3 hash of the new secret  4 hash of the one that was shown: it works until the new one was shown
--       5 gateway  6 TTL, ms
-- Answers { user, name, gateway before, room or '' }; 'changed' when another resume came between; nil when it is gone.

local record = redis.call('HMGET', KEYS[1], 'secret', 'previous', 'user', 'name', 'gateway', 'room')
if not record[1] then return nil end
if record[1] ~= ARGV[1] or (record[2] or '') ~= ARGV[2] then return 'changed' end
redis.call('HSET', KEYS[1], 'secret', ARGV[3], 'previous', ARGV[4], 'gateway', ARGV[5])
redis.call('HDEL', KEYS[1], 'away')
redis.call('PEXPIRE', KEYS[1], ARGV[6])
return { record[3], record[4], record[5], record[6] or '' }
