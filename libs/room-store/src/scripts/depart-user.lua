-- Removes a user from the user's room after the session of the user has ended. Makes all older requests of the user late (see
-- `user-overtaken.lua`).
--
-- KEYS  1 record of the user
-- ARGV  1 admission of the departure  2 number of the departure  3 TTL of the record, in seconds
-- Returns {room, watching}: the room of the user, and '1' for a spectator ('' and '0' : the user was in no room)
--         nil: nothing is written, because the user was admitted or moved by a later request
-- The fields `left` and `leftWatching` keep the room, so that a repeated call returns the same answer.

if isOvertaken(KEYS[1], ARGV[1], ARGV[2], false) then return false end
local where = redis.call('HMGET', KEYS[1], 'room', 'watching', 'left', 'leftWatching')
local room, watching = where[1] or where[3] or '', where[1] and where[2] or where[4] or '0'
redis.call('HDEL', KEYS[1], 'room', 'watching', 'by')
redis.call('HSET', KEYS[1], 'left', room, 'leftWatching', watching)
noteMove(KEYS[1], ARGV[1], ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return { room, watching }
