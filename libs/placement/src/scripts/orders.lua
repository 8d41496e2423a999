-- Prefix of `place`: copies of orders in memory. `place` changes these copies and writes the changes at its end.
--
-- An order:
--     key         name of the sorted set
--     is_better   function: whether the first score gets rooms before the second
--     scores      scores of the levels, the best last
--     levels      by score: the servers with this score, and `unread`: how many more of them Redis has
-- A server: the key of its record, and its score.

local function is_lower(score, other) return score < other end
local function is_higher(score, other) return score > other end

-- Adds a server to the level of its score.
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

-- Returns a copy of the best `limit` servers of an order. If only a part of the last level fits, that part begins at a random
-- position, because otherwise concurrent callers would all read the same servers.
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
    -- Wraps around at the end of the level.
    for i = 1, read - #some do some[#some + 1] = best[2 * (better + i) - 1] end
    for i, server in ipairs(some) do best[2 * (better + i) - 1] = server end
  end
  for i = 1, #best, 2 do stand(order, { record = best[i], score = tonumber(best[i + 1]) }) end
  if equals > read then order.levels[tonumber(last)].unread = equals - read end
  return order
end

-- Chooses at random among the best servers of an order that are not excluded. Returns the score, the index in its level, and the
-- number of servers with this score; nothing when all are excluded.
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

-- Removes the best server from the copies of several orders, at random among equals. Returns it with its order, or nil when no
-- server is left.
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
