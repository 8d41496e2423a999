-- Writes the record of a session again after the store lost it. Never overwrites a record.
--
-- KEYS  1 record of the session
-- ARGV  1 user  2 name  3 hash of the secret  4 gateway  5 room, or '' for none  6 TTL, ms
--       7 '1' when the session has no connection, else ''
-- Returns 1, or 0 when a record exists.

if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('HSET', KEYS[1], 'user', ARGV[1], 'name', ARGV[2], 'secret', ARGV[3], 'gateway', ARGV[4], 'room', ARGV[5])
if ARGV[7] == '1' then redis.call('HSET', KEYS[1], 'away', '1') end
redis.call('PEXPIRE', KEYS[1], ARGV[6])
return 1
