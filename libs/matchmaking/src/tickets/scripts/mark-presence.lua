-- Stores whether a user with a ticket is connected. Ignores a report that is older than the last stored one.
-- KEYS  1 tickets  2 users  3 changes  4 state  5 holds  6 away (see `ticket-functions.lua`)
-- ARGV  1 user  2 admission of the report  3 number of the report  4 'away' or 'here'  5 Redis channel of the queue
-- Returns the ticket of the user, or nil when the user has no ticket.
local ticket = ticketOf(KEYS[2], ARGV[1])
if not ticket or redis.call('HEXISTS', KEYS[1], ticket) == 0 then return false end
local reports = cjson.decode(redis.call('HGET', KEYS[6], ticket) or '{}')
local before = reports[ARGV[1]]
if before then
  local turn, number = string.match(before, '^(%S*) (%S*) ')
  if isLater(turn, number, ARGV[2], ARGV[3]) then return ticket end
elseif ARGV[4] == 'here' then
  return ticket
end
reports[ARGV[1]] = ARGV[2] .. ' ' .. ARGV[3] .. ' ' .. ARGV[4]
redis.call('HSET', KEYS[6], ticket, cjson.encode(reports))
if before and string.match(before, '(%S+)$') == ARGV[4] then return ticket end
if redis.call('HEXISTS', KEYS[5], ticket) == 0 then
  noteChange(KEYS[3], KEYS[4], ticket)
  redis.call('PUBLISH', ARGV[5], 'ticket')
end
return ticket
