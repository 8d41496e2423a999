-- Deletes a match and its tickets after the room of the match was created. A repeated call changes nothing.
-- KEYS  1 tickets  2 users  3 holds  4 away  5 matches  6 answers (see `ticket-functions.lua`)
-- ARGV  1 match  2… tickets of the match
redis.call('HDEL', KEYS[5], ARGV[1])
redis.call('HDEL', KEYS[6], ARGV[1])
for index = 2, #ARGV do
  if redis.call('HGET', KEYS[3], ARGV[index]) == ARGV[1] then
    redis.call('HDEL', KEYS[3], ARGV[index])
    removeTicket(KEYS[1], KEYS[2], KEYS[4], ARGV[index])
  end
end
