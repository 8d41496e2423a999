-- Functions of the scripts that read and write ratings.

local function storeTimeMs()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- Returns the rating of a user. Returns '' when the user has no rating, or the rating has expired. A rating without an entry in `expiries`
-- never expires.
local function ratingOf(ratings, expiries, user, now)
  local value = redis.call('HGET', ratings, user)
  if not value then return '' end
  local expiry = tonumber(redis.call('ZSCORE', expiries, user) or '')
  return (expiry and expiry <= now) and '' or value
end
