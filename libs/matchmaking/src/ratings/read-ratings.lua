-- Reads the ratings of users in one game.
-- KEYS  1 ratings of the game (hash by user)  2 expiry times of the ratings (sorted set of users, in ms since 1970)
-- ARGV  1… users
-- Returns the rating of each user, in the order of ARGV. '' means that the user has no rating.
local now, values = storeTimeMs(), {}
for index, user in ipairs(ARGV) do values[index] = ratingOf(KEYS[1], KEYS[2], user, now) end
return values
