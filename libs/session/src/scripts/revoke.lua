-- Deletes the secrets of a session, so that nobody can resume it. Keeps the record, in which a cleanup of the gateway finds the user.
-- Repeatable.
--
-- KEYS  1 record of the session
-- Returns the gateway of the session
--         nil: the session has no record

local gateway = redis.call('HGET', KEYS[1], 'gateway')
if gateway then redis.call('HDEL', KEYS[1], 'secret', 'previous') end
return gateway
