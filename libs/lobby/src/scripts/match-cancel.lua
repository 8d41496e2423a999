-- Cancels the search of a user for a match. With an order, cancels it only if it is not newer than the order.
-- KEYS  1 queue (zset: user by time)  2 people (hash: user to JSON)
-- ARGV  1 user  2 turn and  3 number of the request that cancels; '' cancels any search
-- Returns 1, or 0 when the user does not wait, or has a newer search.
local person = redis.call('HGET', KEYS[2], ARGV[1])
local asked = person and cjson.decode(person).asked
if asked and ARGV[2] ~= '' then
  local turn, number = tonumber(ARGV[2]), tonumber(ARGV[3])
  if asked.turn > turn or (asked.turn == turn and asked.number > number) then return 0 end
end
-- Both keys change in one step. Otherwise a new search between the two writes would be in the queue without its data.
redis.call('HDEL', KEYS[2], ARGV[1])
return redis.call('ZREM', KEYS[1], ARGV[1])
