-- Stores new matches, and takes their tickets out of the queue. Stores a match only if all of its tickets are waiting and unchanged. Only
-- the runner of the matchmaking rounds may call it.
-- KEYS  1 tickets  2 changes  3 holds  4 matches  5 state (see `ticket-functions.lua`)
-- ARGV  1 fencing token of the runner
--       2… for each match: match, "STAGE PLAYERS JSON", number of tickets, and for each ticket: ticket, number of its last change
-- Returns {0}: nothing is written, because another runner has a higher token
--         {1, …} with one entry for each match: '' when the match is stored, else the first ticket that has changed
if redis.call('HGET', KEYS[5], 'fence') ~= ARGV[1] then return { 0 } end
local answers, index = { 1 }, 2
while index <= #ARGV do
  local match, stored, count = ARGV[index], ARGV[index + 1], tonumber(ARGV[index + 2])
  local changed = ''
  if redis.call('HEXISTS', KEYS[4], match) == 0 then
    for at = index + 3, index + 1 + 2 * count, 2 do
      local ticket = ARGV[at]
      local isSame = tonumber(redis.call('ZSCORE', KEYS[2], ticket) or -1) == tonumber(ARGV[at + 1])
      if not isSame or redis.call('HEXISTS', KEYS[1], ticket) == 0 or redis.call('HEXISTS', KEYS[3], ticket) == 1 then
        changed = ticket
        break
      end
    end
    if changed == '' then
      for at = index + 3, index + 1 + 2 * count, 2 do
        redis.call('ZREM', KEYS[2], ARGV[at])
        redis.call('HSET', KEYS[3], ARGV[at], match)
      end
      redis.call('HSET', KEYS[4], match, stored)
    end
  end
  answers[#answers + 1] = changed
  index = index + 3 + 2 * count
end
return answers
