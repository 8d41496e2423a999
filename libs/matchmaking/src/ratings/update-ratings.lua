-- Writes the new ratings of the players of a finished game, once per game. Each call also deletes some expired ratings, so that the
-- number of stored ratings stays bounded.
-- KEYS  1 ratings of the game (hash by user)  2 expiry times of the ratings (sorted set of users, in ms since 1970)
--       3 marker which says that this finished game has been rated
-- ARGV  1 TTL of the marker in ms  2 maximum number of expired ratings to delete
--       3… for each user: user, expected current rating ('' : none), new rating, lifetime of the rating in ms ('0': it never expires)
-- Returns 1: written
--         0: the game had been rated before
--         -1: nothing is written, because the rating of a user is not the expected one; the caller must read the ratings again
if redis.call('EXISTS', KEYS[3]) == 1 then return 0 end
local now = storeTimeMs()
for index = 3, #ARGV, 4 do
  if ratingOf(KEYS[1], KEYS[2], ARGV[index], now) ~= ARGV[index + 1] then return -1 end
end
for index = 3, #ARGV, 4 do
  local user, lifetime = ARGV[index], tonumber(ARGV[index + 3])
  redis.call('HSET', KEYS[1], user, ARGV[index + 2])
  if lifetime > 0 then redis.call('ZADD', KEYS[2], now + lifetime, user) else redis.call('ZREM', KEYS[2], user) end
end
redis.call('SET', KEYS[3], '1', 'PX', ARGV[1])
local over = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now, 'LIMIT', 0, ARGV[2])
if #over > 0 then
  redis.call('HDEL', KEYS[1], unpack(over))
  redis.call('ZREM', KEYS[2], unpack(over))
end
return 1
