-- A user looks for a match: joins the queue, and takes all out of it who make a game.
-- KEYS  1 queue (zset: user by time)  2 people (hash: user to JSON)  3 made (hash: match id to "time [people]")
-- ARGV  1 user  2 person (JSON)  3 how many make a game  4 match id, should one be made  5 how long one waits, in ms
-- gives the people of the match; none: the user waits
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
-- Remembered until the room is made, so that a lobby that dies now does not lose the match.
redis.call('HSET', KEYS[3], ARGV[4], string.format('%.0f', now) .. ' [' .. table.concat(people, ',') .. ']')
return people
