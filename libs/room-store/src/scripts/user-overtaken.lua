-- Functions that decide whether a request is late. A request is late when a later request of the user has been executed, or when the user
-- was admitted again. Lobbies refuse late requests. A request becomes late, for example, when the lobby that handles it is suspended.
-- Fields of the user's record: `turn` is the number of the last admission. `movedTurn` and `movedNumber` are the admission and the number of
-- the last request that moved the user.
-- An empty `askedTurn` means that no player made the request. Such a request is never late.

local function isOvertaken(key, askedTurn, askedNumber, outlivesAdmissions)
  if askedTurn == '' then return false end
  local known = redis.call('HMGET', key, 'turn', 'movedTurn', 'movedNumber')
  local turn, movedTurn = tonumber(askedTurn), tonumber(known[2]) or 0
  if not outlivesAdmissions and turn < (tonumber(known[1]) or 0) then return true end
  return turn < movedTurn or (turn == movedTurn and tonumber(askedNumber) < (tonumber(known[3]) or 0))
end

local function noteMove(key, askedTurn, askedNumber)
  if askedTurn ~= '' then redis.call('HSET', key, 'movedTurn', askedTurn, 'movedNumber', askedNumber) end
end
