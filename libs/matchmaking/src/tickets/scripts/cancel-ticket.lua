-- Ends the ticket of a user. Does not end a ticket that the user requested after this cancellation.
-- KEYS  1 tickets  2 users  3 changes  4 state  5 holds  6 away  7 ended (see `ticket-functions.lua`)
-- ARGV  1 user  2 admission of the cancellation ('' : end any ticket)  3 number of the cancellation
--       4 reason for the end, which other members of the party receive ("EVENT REASON")
-- Returns {'none'}: the user has no ticket
--         {'late'}: the ticket is newer than the cancellation
--         {'held', match, ticket}: the ticket stays, because it has a match
--         {'ended', ticket, "SINCE JSON"}: the ticket is ended
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
