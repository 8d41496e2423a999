-- Changes the ratings of the players of one finished game, once. Removes some ratings whose lifetime is over, so their number stays bounded.
-- KEYS  1 ratings of the game (hash by user)  2 ends of their lifetimes (sorted set of users, in ms since 1970)  3 mark of the finished game
-- ARGV  1 TTL of the mark (ms)  2 maximum number of ratings to remove, then for each user: user, present value ('' for none), new value,
--       lifetime (ms; '0': no end)
-- Returns 1: changed. 0: this game was counted before. -1: a present value is different, so read again.
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
