-- Restores the record of a session after the store lost it or returned to an older copy.
--
-- KEYS  1 record of the session
-- ARGV  1 user  2 name  3 hash of the secret  4 gateway  5 room ('' : none)  6 TTL, ms
--       7 '1': the session has no connection, '' : it has one
--       8 '1': this gateway is the last gateway of the session, so an existing record is replaced; '' : an existing record stays
--       9 claims (JSON, '' : none)
-- Returns 1: restored
--         0: the existing record stays

local there = redis.call('HMGET', KEYS[1], 'secret', 'gateway')
if there[1] and (ARGV[8] ~= '1' or (there[1] == ARGV[3] and there[2] == ARGV[4])) then return 0 end
redis.call('HSET', KEYS[1], 'user', ARGV[1], 'name', ARGV[2], 'secret', ARGV[3], 'gateway', ARGV[4], 'room', ARGV[5])
redis.call('HDEL', KEYS[1], 'previous', 'away', 'claims')
if ARGV[9] ~= '' then redis.call('HSET', KEYS[1], 'claims', ARGV[9]) end
if ARGV[7] == '1' then redis.call('HSET', KEYS[1], 'away', '1') end
redis.call('PEXPIRE', KEYS[1], ARGV[6])
return 1
