-- Creates the record of a new session. The script also sets the TTL, so that a crash cannot leave a record without a TTL.
--
-- KEYS  1 record of the session
-- ARGV  1 user  2 name  3 hash of the secret  4 gateway  5 TTL, ms  6 claims (JSON, '' : none)
-- Returns 1.

redis.call('HSET', KEYS[1], 'user', ARGV[1], 'name', ARGV[2], 'secret', ARGV[3], 'gateway', ARGV[4], 'room', '')
if ARGV[6] ~= '' then redis.call('HSET', KEYS[1], 'claims', ARGV[6]) end
return redis.call('PEXPIRE', KEYS[1], ARGV[5])
