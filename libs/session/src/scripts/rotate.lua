-- Gives a session to a gateway under a new secret, if its secrets are still those that the caller compared.
--
-- KEYS  1 record of the session
-- ARGV  1 hash of the secret  2 hash of the previous secret ('': none), both as the caller read them
--       3 hash of the new secret  4 hash of the secret that the player sent: it works until the new one has arrived
--       5 gateway  6 TTL, ms
-- Returns { user, name, earlier gateway, room or '', claims (JSON) or '' }; 'changed' after another resume; nil when the session is gone.

local record = redis.call('HMGET', KEYS[1], 'secret', 'previous', 'user', 'name', 'gateway', 'room', 'claims')
if not record[1] then return nil end
if record[1] ~= ARGV[1] or (record[2] or '') ~= ARGV[2] then return 'changed' end
redis.call('HSET', KEYS[1], 'secret', ARGV[3], 'previous', ARGV[4], 'gateway', ARGV[5])
redis.call('HDEL', KEYS[1], 'away')
redis.call('PEXPIRE', KEYS[1], ARGV[6])
return { record[3], record[4], record[5], record[6] or '', record[7] or '' }
