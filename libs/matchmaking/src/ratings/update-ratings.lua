-- Changes the ratings of the players of one finished game, once.
-- KEYS  1 ratings of the game (hash by user)  2 mark of the finished game
-- ARGV  1 TTL of the mark (ms), then for each user: user, present value ('' for none), new value
-- Returns 1: changed. 0: this game was counted before. -1: a present value is different, so read again.
if redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
for index = 2, #ARGV, 3 do
  if (redis.call('HGET', KEYS[1], ARGV[index]) or '') ~= ARGV[index + 1] then return -1 end
end
for index = 2, #ARGV, 3 do redis.call('HSET', KEYS[1], ARGV[index], ARGV[index + 2]) end
redis.call('SET', KEYS[2], '1', 'PX', ARGV[1])
return 1
