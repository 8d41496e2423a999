-- Whether what a user asked for has been overtaken: a lobby that slept comes to it when they have long moved on.
-- Fields of the user: `turn`, their last admission; `movedTurn movedNumber`, the last request by which they moved.
-- An empty turn is of nobody in particular, and never late.

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
