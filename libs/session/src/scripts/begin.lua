-- Writes the record of a new session, with its TTL, so that none is left without one.
--
-- KEYS  1 the session
-- ARGV  1 user  2 name  3 hash of the secret  4 gateway  5 TTL, ms
-- Answers 1.

redis.call('HSET', KEYS[1], 'user', ARGV[1], 'name', ARGV[2], 'secret', ARGV[3], 'gateway', ARGV[4], 'room', '')
return redis.call('PEXPIRE', KEYS[1], ARGV[5])
