-- Adds a matchmaking ticket for one user or a party. A user has at most one ticket, so the script ends the older tickets of these users.
-- When a single user replaces a ticket of a single user, the new ticket keeps the waiting time. A repeated call changes nothing, because
-- the ticket has the id of its request.
-- KEYS  1 tickets  2 users  3 changes  4 state  5 holds  6 away  7 ended  8 matches (see `ticket-functions.lua`)
-- ARGV  1 ticket  2 JSON of the ticket  3 Redis channel of the queue  4 reason for the end of replaced tickets ("EVENT REASON")
--       5… for each user: user, admission, number of the request
-- Returns {'late'}: nothing is written, because a user has a ticket of a later request
--         {'known', since}: the ticket existed before
--         {'added', since, replaced, offers}: `since` is the start of the waiting time, `replaced` has the ended tickets of parties
-- Each entry of `replaced` is "SINCE JSON". `offers` has a match and a user for each user whose older ticket is in an offered match. The
-- caller must end these offers, because the users will not answer them.
local ticket = ARGV[1]
local known = redis.call('HGET', KEYS[1], ticket)
if known then return { 'known', string.match(known, '^(%S+)') } end
for index = 5, #ARGV, 3 do
  local other, turn, number = ticketOf(KEYS[2], ARGV[index])
  if other and other ~= ticket and isLater(turn, number, ARGV[index + 1], ARGV[index + 2]) then return { 'late' } end
end
local now = redis.call('HGET', KEYS[4], 'time')
if not now then
  local time = redis.call('TIME')
  now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
  redis.call('HSET', KEYS[4], 'time', now)
end
local since, replaced, offers = now, {}, {}
for index = 5, #ARGV, 3 do
  local other = ticketOf(KEYS[2], ARGV[index])
  -- A ticket that has a match stays until the match is finished or dissolved. The user's latest request then decides whether the user
  -- enters the room of the match.
  local match = other and redis.call('HGET', KEYS[5], other)
  if match then
    if string.match(redis.call('HGET', KEYS[8], match) or '', '^offered ') then
      offers[#offers + 1] = match
      offers[#offers + 1] = ARGV[index]
    end
  elseif other then
    local stored = removeTicket(KEYS[1], KEYS[2], KEYS[6], other)
    if stored then
      noteChange(KEYS[3], KEYS[4], other)
      if #playersOf(stored) > 1 then
        redis.call('HSET', KEYS[7], other, now .. ' ' .. ARGV[4])
        replaced[#replaced + 1] = stored
      elseif #ARGV == 7 then
        since = string.match(stored, '^(%S+)')
      end
    end
  end
end
redis.call('HSET', KEYS[1], ticket, since .. ' ' .. ARGV[2])
for index = 5, #ARGV, 3 do
  redis.call('HSET', KEYS[2], ARGV[index], ticket .. ' ' .. ARGV[index + 1] .. ' ' .. ARGV[index + 2])
end
noteChange(KEYS[3], KEYS[4], ticket)
redis.call('PUBLISH', ARGV[3], 'ticket')
return { 'added', since, replaced, offers }
