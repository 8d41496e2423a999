-- Removes the previous secret of a session, because the player has received the current one.
--
-- KEYS  1 record of the session
-- ARGV  1 hash of the secret that the player has received
-- Returns 1: done
--         0: the session has another secret now

if redis.call('HGET', KEYS[1], 'secret') ~= ARGV[1] then return 0 end
redis.call('HDEL', KEYS[1], 'previous')
return 1
