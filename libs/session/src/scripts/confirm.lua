-- A session's secret has arrived: the one before is void.
--
-- KEYS  1 the session
-- ARGV  1 hash of the secret
-- Answers 1, or 0 when it is another by now.

if redis.call('HGET', KEYS[1], 'secret') ~= ARGV[1] then return 0 end
redis.call('HDEL', KEYS[1], 'previous')
return 1
