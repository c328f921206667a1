-- A room keeps its place for another while, or gives it up (0).
-- KEYS: the places. ARGV: room, milliseconds.
if ARGV[2] == '0' then
  return redis.call('ZREM', KEYS[1], ARGV[1])
end
local time = redis.call('TIME')
return redis.call('ZADD', KEYS[1], time[1] * 1000 + ARGV[2], ARGV[1])
