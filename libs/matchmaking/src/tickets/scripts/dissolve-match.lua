-- Dissolves a match. The caller decides for each ticket whether it returns to the queue or ends. A returned ticket keeps its waiting time. A
-- ticket always ends when one of its users already has another ticket. A repeated call changes nothing.
-- KEYS  1 tickets  2 users  3 changes  4 state  5 holds  6 away  7 ended  8 matches  9 answers (see `ticket-functions.lua`)
-- ARGV  1 match  2 Redis channel of the queue  3 expected stage of the match ('' : any)
--       4… for each ticket: ticket, its new JSON, reason for its end ("EVENT REASON"; '' : the ticket returns)
-- Returns nil: the match is not stored, or has another stage
--         else a number for each ticket: 1 when the ticket returned, 0 when it ended
local stored = redis.call('HGET', KEYS[8], ARGV[1])
if not stored or (ARGV[3] ~= '' and string.match(stored, '^(%S+)') ~= ARGV[3]) then return false end
redis.call('HDEL', KEYS[8], ARGV[1])
redis.call('HDEL', KEYS[9], ARGV[1])
local answers = {}
for index = 4, #ARGV, 3 do
  local ticket, json, ending = ARGV[index], ARGV[index + 1], ARGV[index + 2]
  local returns = 0
  if redis.call('HGET', KEYS[5], ticket) == ARGV[1] then
    redis.call('HDEL', KEYS[5], ticket)
    local known = redis.call('HGET', KEYS[1], ticket)
    returns = (known and ending == '') and 1 or 0
    for _, player in ipairs(cjson.decode(json).players) do
      if ticketOf(KEYS[2], player.user) ~= ticket then returns = 0 end
    end
    if returns == 1 then
      redis.call('HSET', KEYS[1], ticket, string.match(known, '^(%S+)') .. ' ' .. json)
      noteChange(KEYS[3], KEYS[4], ticket)
    else
      removeTicket(KEYS[1], KEYS[2], KEYS[6], ticket)
      local reason = ending ~= '' and ending or 'cancelled entered-room'
      redis.call('HSET', KEYS[7], ticket, (redis.call('HGET', KEYS[4], 'time') or '0') .. ' ' .. reason)
    end
  end
  answers[#answers + 1] = returns
end
redis.call('PUBLISH', ARGV[2], 'ticket')
return answers
