-- A user looks for a match no more, or not by a search as old as that: a newer one is not what was meant.
-- KEYS  1 queue (zset: user by time)  2 people (hash: user to JSON)
-- ARGV  1 user  2 turn and  3 number of what cancels it, '' for any search
-- Answers 1, or 0 when the user did not wait, or looks anew since.
local person = redis.call('HGET', KEYS[2], ARGV[1])
local asked = person and cjson.decode(person).asked
if asked and ARGV[2] ~= '' then
  local turn, number = tonumber(ARGV[2]), tonumber(ARGV[3])
  if asked.turn > turn or (asked.turn == turn and asked.number > number) then return 0 end
end
-- Both at once: were the user to search again in between, the queue would hold somebody of whom nothing is known.
redis.call('HDEL', KEYS[2], ARGV[1])
return redis.call('ZREM', KEYS[1], ARGV[1])
