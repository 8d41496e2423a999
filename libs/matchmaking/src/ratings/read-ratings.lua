-- Reads the ratings of users.
-- KEYS  1 ratings of the game (hash by user)  2 ends of their lifetimes (sorted set of users, in ms since 1970)
-- ARGV  the users
-- Returns the value of each, '' for none.
local now, values = storeTimeMs(), {}
for index, user in ipairs(ARGV) do values[index] = ratingOf(KEYS[1], KEYS[2], user, now) end
return values
