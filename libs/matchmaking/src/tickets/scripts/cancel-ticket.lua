-- Ends the ticket of a user, unless it is newer than the request that cancels it.
-- KEYS  1 tickets  2 users  3 changes  4 state  5 holds  6 away  7 ended
-- ARGV  1 user  2 turn ('' : any ticket) and  3 number of the request  4 end ("EVENT REASON"), for the other members of a party
-- Returns { 'none' }: no ticket. { 'late' }: the ticket is newer. { 'held', match, ticket }: the ticket has a match, and stays.
-- { 'ended', ticket, "SINCE JSON" }.
local ticket, turn, number = ticketOf(KEYS[2], ARGV[1])
if not ticket then return { 'none' } end
if ARGV[2] ~= '' and turn ~= '' and isLater(turn, number, ARGV[2], ARGV[3]) then return { 'late' } end
local match = redis.call('HGET', KEYS[5], ticket)
if match then return { 'held', match, ticket } end
local stored = removeTicket(KEYS[1], KEYS[2], KEYS[6], ticket)
if not stored then
  redis.call('HDEL', KEYS[2], ARGV[1])
  return { 'none' }
end
noteChange(KEYS[3], KEYS[4], ticket)
redis.call('HSET', KEYS[7], ticket, (redis.call('HGET', KEYS[4], 'time') or '0') .. ' ' .. ARGV[4])
return { 'ended', ticket, stored }
