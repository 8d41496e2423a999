-- Adds the search of a user to the queue, and takes the searches of a complete match out of it.
-- KEYS  1 queue (zset: user by time)  2 people (hash: user to JSON)  3 made (hash: match id to "time [people]")
-- ARGV  1 user  2 search (JSON)  3 players of a match  4 id of the match, if one is made  5 time to live of a search in ms
-- Returns the searches of the match; an empty list when the user waits.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local stale = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now - tonumber(ARGV[5]))
for _, user in ipairs(stale) do
  redis.call('ZREM', KEYS[1], user)
  redis.call('HDEL', KEYS[2], user)
end
redis.call('ZADD', KEYS[1], 'NX', now, ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
if redis.call('ZCARD', KEYS[1]) < tonumber(ARGV[3]) then return {} end
local users = redis.call('ZRANGE', KEYS[1], 0, tonumber(ARGV[3]) - 1)
local people = redis.call('HMGET', KEYS[2], unpack(users))
redis.call('ZREM', KEYS[1], unpack(users))
redis.call('HDEL', KEYS[2], unpack(users))
-- Stored until the room is made, so that the match is not lost when the lobby dies now.
redis.call('HSET', KEYS[3], ARGV[4], string.format('%.0f', now) .. ' [' .. table.concat(people, ',') .. ']')
return people
