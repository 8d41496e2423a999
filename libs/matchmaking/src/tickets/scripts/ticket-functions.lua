-- Functions that the scripts of the tickets share, and the data of these scripts. All keys belong to one game.
--     tickets  hash by ticket: "SINCE JSON"; SINCE is the start of the waiting time
--     users    hash by user: "TICKET ADMISSION NUMBER", the ticket of the user and the request that created it
--     changes  sorted set of waiting and ended tickets, by the number of their last change
--     state    hash: the number of the last change (`seq`), the queue time in ms (`time`), the fencing token of the runner (`fence`)
--     holds    hash by ticket: the match that has the ticket
--     away     hash by ticket: JSON with the last report of each user, "ADMISSION NUMBER away" or "ADMISSION NUMBER here"
--     ended    hash by ticket: "TIME EVENT REASON", the queue time and the reason of the end
--     matches  hash by match: "STAGE PLAYERS JSON", with the number of players
--     answers  hash by match: JSON with the answer of each user

local function isLater(turn, number, thanTurn, thanNumber)
  turn, number = tonumber(turn) or 0, tonumber(number) or 0
  thanTurn, thanNumber = tonumber(thanTurn) or 0, tonumber(thanNumber) or 0
  return turn > thanTurn or (turn == thanTurn and number > thanNumber)
end

-- Returns the ticket of a user, with the admission and the number of the request that created it. Returns nothing when the user has no
-- ticket.
local function ticketOf(users, user)
  local entry = redis.call('HGET', users, user)
  if not entry then return nil end
  return string.match(entry, '^(%S+) (%S*) (%S*)$')
end

local function noteChange(changes, state, ticket)
  redis.call('ZADD', changes, redis.call('HINCRBY', state, 'seq', 1), ticket)
end

-- Returns the players of a ticket ("SINCE JSON"). Returns an empty list when the JSON is invalid.
local function playersOf(stored)
  local isRead, ticket = pcall(cjson.decode, string.match(stored, '^%S+ (.*)$') or '')
  return isRead and type(ticket) == 'table' and type(ticket.players) == 'table' and ticket.players or {}
end

-- Removes a ticket, and its entries in `users` and `away`. Returns the ticket ("SINCE JSON"), or false when it does not exist.
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
