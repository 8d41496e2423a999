-- Gives a session a new gateway and a new secret. Does nothing when the secrets have changed since the caller read them.
--
-- KEYS  1 record of the session
-- ARGV  1 hash of the secret that the caller read  2 hash of the previous secret that the caller read ('' : none)
--       3 hash of the new secret
--       4 hash of the secret that the player sent; it stays valid until the player has received the new one
--       5 gateway  6 TTL, ms
-- Returns {user, name, earlier gateway, room or '', claims (JSON) or ''}
--         'changed': another resume has changed the secrets
--         nil: the session has no record

local record = redis.call('HMGET', KEYS[1], 'secret', 'previous', 'user', 'name', 'gateway', 'room', 'claims')
if not record[1] then return nil end
if record[1] ~= ARGV[1] or (record[2] or '') ~= ARGV[2] then return 'changed' end
redis.call('HSET', KEYS[1], 'secret', ARGV[3], 'previous', ARGV[4], 'gateway', ARGV[5])
redis.call('HDEL', KEYS[1], 'away')
redis.call('PEXPIRE', KEYS[1], ARGV[6])
return { record[3], record[4], record[5], record[6] or '', record[7] or '' }
