-- Decides whether a request is late: it is refused, because a later request of the user was executed or the user was admitted since.
-- This happens when a lobby was suspended while it handled the request.
-- Fields of the user: `turn`, the number of the last admission; `movedTurn` and `movedNumber`, the last request that moved the user.
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
