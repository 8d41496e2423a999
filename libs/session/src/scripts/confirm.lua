-- Removes the previous secret of a session, because the current one has arrived at the player.
--
-- KEYS  1 record of the session
-- ARGV  1 hash of the secret that has arrived
-- Returns 1, or 0 when the session has another secret now.

if redis.call('HGET', KEYS[1], 'secret') ~= ARGV[1] then return 0 end
redis.call('HDEL', KEYS[1], 'previous')
return 1
