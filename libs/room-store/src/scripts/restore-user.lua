-- The gateway that holds a user's session writes again where the user is, into a store that lost some or all of it.
-- KEYS  1 the user
-- ARGV  1 room ('' : in none)  2 '1': as a watcher  3 turn of the session  4 number: requests from this one on may still be under way,
--       and have the last word  5 TTL, seconds
-- gives {what was done, room, watching}, the last two as they were before ('' and '0' where in none):
--       0 nothing, the user was admitted elsewhere since  1 written  2 nothing, the user was moved by such a request
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
