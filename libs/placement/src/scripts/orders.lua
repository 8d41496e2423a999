-- Functions that `place.lua` uses. They copy orders into memory. `place.lua` changes the copies and writes the changes to Redis at its end.
--
-- An order ranks servers by score. The copy of an order has these fields:
--     key         name of the sorted set in Redis
--     is_better   function(a, b): true when a server with score `a` gets rooms before a server with score `b`
--     scores      the different scores, the best one last
--     levels      by score: the copied servers with this score; `unread` counts the servers with this score that were not copied
-- A server in the copy has the key of its record (`record`) and its score (`score`).

local function is_lower(score, other) return score < other end
local function is_higher(score, other) return score > other end

-- Adds a server to the list of servers with this score. Makes the list if the score is new.
local function stand(order, server)
  local level = order.levels[server.score]
  if not level then
    local scores = order.scores
    local rank = #scores + 1
    while rank > 1 and order.is_better(scores[rank - 1], server.score) do
      scores[rank] = scores[rank - 1]
      rank = rank - 1
    end
    scores[rank] = server.score
    level = { unread = 0 }
    order.levels[server.score] = level
  end
  level[#level + 1] = server
end

-- Copies the best `limit` servers of an order. When the limit excludes some of the servers with the last score, chooses among these servers
-- at random, so that concurrent calls do not all choose the same servers.
local function read_order(key, takes, limit)
  local order = { key = key, is_better = takes == 'highest' and is_higher or is_lower, scores = {}, levels = {} }
  local range = takes == 'highest' and 'ZREVRANGE' or 'ZRANGE'
  local best = redis.call(range, key, 0, limit - 1, 'WITHSCORES')
  local last, equals, read = best[#best], 0, 0
  if #best == 2 * limit then
    equals = redis.call('ZCOUNT', key, last, last)
    while read < limit and best[2 * (limit - read)] == last do read = read + 1 end
  end
  if equals > read then
    local better, lot = limit - read, math.random(0, equals - 1)
    local some = redis.call(range, key, better + lot, better + math.min(lot + read, equals) - 1)
    -- The random range ended at the last server with this score. The rest of the range continues at the first servers with this score.
    for i = 1, read - #some do some[#some + 1] = best[2 * (better + i) - 1] end
    for i, server in ipairs(some) do best[2 * (better + i) - 1] = server end
  end
  for i = 1, #best, 2 do stand(order, { record = best[i], score = tonumber(best[i + 1]) }) end
  if equals > read then order.levels[tonumber(last)].unread = equals - read end
  return order
end

-- Chooses one of the best servers of an order at random. Never chooses an excluded server. Returns the score, the index of the server among
-- the servers with this score, and the number of allowed servers with this score. Returns nothing when all servers are excluded.
local function best_of(order, excluded)
  local scores, levels = order.scores, order.levels
  while #scores > 0 and #levels[scores[#scores]] == 0 do
    levels[scores[#scores]] = nil
    scores[#scores] = nil
  end
  if #scores > 0 and not excluded then
    local level = levels[scores[#scores]]
    return scores[#scores], math.random(#level), #level + level.unread
  end
  for rank = #scores, 1, -1 do
    local level, allowed = levels[scores[rank]], {}
    for index, server in ipairs(level) do
      if not excluded[server.record] then allowed[#allowed + 1] = index end
    end
    if #allowed > 0 then return scores[rank], allowed[math.random(#allowed)], #allowed + level.unread end
  end
end

-- Chooses the best server of several orders, and removes it from the copy of its order. Chooses at random among servers with equal scores.
-- Returns the server and its order, or nil when there is no server.
local function take_best(orders, excluded)
  local order, score, index, ties = nil, nil, nil, 0
  for _, candidate in ipairs(orders) do
    local its_score, its_index, equals = best_of(candidate, excluded)
    if its_score and (not order or order.is_better(its_score, score)) then
      order, score, index, ties = candidate, its_score, its_index, equals
    elseif its_score and its_score == score then
      ties = ties + equals
      if math.random() * ties < equals then order, index = candidate, its_index end
    end
  end
  if not order then return nil end
  local level = order.levels[score]
  local server = level[index]
  level[index] = level[#level]
  level[#level] = nil
  return server, order
end
