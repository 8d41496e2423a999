-- Functions that the scripts of the tickets share. `tickets` has "SINCE JSON" by ticket, `users` has "TICKET TURN NUMBER" by user,
-- `changes` orders the waiting tickets, and the removed ones, by the number of their last change.

local function isLater(turn, number, thanTurn, thanNumber)
  turn, number = tonumber(turn) or 0, tonumber(number) or 0
  thanTurn, thanNumber = tonumber(thanTurn) or 0, tonumber(thanNumber) or 0
  return turn > thanTurn or (turn == thanTurn and number > thanNumber)
end

-- Returns the ticket of a user, and the request order with which the user is in it; nothing when the user has no ticket.
local function ticketOf(users, user)
  local entry = redis.call('HGET', users, user)
  if not entry then return nil end
  return string.match(entry, '^(%S+) (%S*) (%S*)$')
end

local function noteChange(changes, state, ticket)
  redis.call('ZADD', changes, redis.call('HINCRBY', state, 'seq', 1), ticket)
end

-- Returns the players of a ticket "SINCE JSON"; none when it cannot be read.
local function playersOf(stored)
  local isRead, ticket = pcall(cjson.decode, string.match(stored, '^%S+ (.*)$') or '')
  return isRead and type(ticket) == 'table' and type(ticket.players) == 'table' and ticket.players or {}
end

-- Removes a ticket and the entries of its users. A user who has another ticket keeps that entry. Returns "SINCE JSON", or false.
local function removeTicket(tickets, users, away, ticket)
  local stored = redis.call('HGET', tickets, ticket)
  if not stored then return false end
  redis.call('HDEL', tickets, ticket)
  redis.call('HDEL', away, ticket)
  for _, player in ipairs(playersOf(stored)) do
    if ticketOf(users, player.user) == ticket then redis.call('HDEL', users, player.user) end
  end
  return stored
end
