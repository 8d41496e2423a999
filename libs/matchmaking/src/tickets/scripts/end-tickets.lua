-- Ends tickets that still wait. Skips a ticket that has a match, or that changed since the caller read it.
-- KEYS  1 tickets  2 users  3 changes  4 state  5 holds  6 away  7 ended (see `ticket-functions.lua`)
-- ARGV  1 reason for the end ("EVENT REASON")  2… for each ticket: ticket, number of its last change ('' : any)
-- Returns the ended tickets as one list: ticket, "SINCE JSON", ticket, "SINCE JSON", …
local ended = {}
for index = 2, #ARGV, 2 do
  local ticket, change = ARGV[index], ARGV[index + 1]
  local isSame = change == '' or tonumber(redis.call('ZSCORE', KEYS[3], ticket) or -1) == tonumber(change)
  if isSame and redis.call('HEXISTS', KEYS[5], ticket) == 0 then
    local stored = removeTicket(KEYS[1], KEYS[2], KEYS[6], ticket)
    if stored then
      noteChange(KEYS[3], KEYS[4], ticket)
      redis.call('HSET', KEYS[7], ticket, (redis.call('HGET', KEYS[4], 'time') or '0') .. ' ' .. ARGV[1])
      ended[#ended + 1] = ticket
      ended[#ended + 1] = stored
    end
  end
end
return ended
