-- Restores the room of a user in a store that lost the user's record. The caller is the gateway of the user's session.
-- KEYS  1 record of the user
-- ARGV  1 room ('' : none)  2 '1': as a spectator  3 admission of the session
--       4 number of the first request that is possibly still under way; a room that this request or a later one has stored is not
--         overwritten
--       5 TTL of the record, in seconds
-- Returns {outcome, room, watching}: the room before the call, and '1' for a spectator ('' and '0' : none). The outcome is
--         0 nothing is written, because the user was admitted later, by any gateway
--         1 written
--         2 nothing is written, because a request from ARGV 4 on has moved the user
local user = redis.call('HMGET', KEYS[1], 'turn', 'movedTurn', 'movedNumber', 'room', 'watching')
local room, watching = user[4] or '', user[5] or '0'
local turn, number = tonumber(ARGV[3]), tonumber(ARGV[4])
if turn < (tonumber(user[1]) or 0) then return { 0, room, watching } end
local movedTurn, movedNumber = tonumber(user[2]) or 0, tonumber(user[3]) or 0
if movedTurn > turn or (movedTurn == turn and movedNumber >= number) then return { 2, room, watching } end
redis.call('HSET', KEYS[1], 'turn', ARGV[3], 'movedTurn', ARGV[3], 'movedNumber', ARGV[4])
redis.call('HDEL', KEYS[1], 'by')
if ARGV[1] == '' then
  redis.call('HDEL', KEYS[1], 'room', 'watching')
else
  redis.call('HSET', KEYS[1], 'room', ARGV[1], 'watching', ARGV[2])
end
redis.call('EXPIRE', KEYS[1], ARGV[5])
return { 1, room, watching }
