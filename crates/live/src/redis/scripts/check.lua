-- The tag of a record, which is kept from ageing as it is in use.
-- KEYS: the room, its changes. ARGV: milliseconds to keep it at least.
local tag = redis.call('HGET', KEYS[1], 'tag')
if tag and redis.call('PTTL', KEYS[1]) < tonumber(ARGV[1]) / 2 then
  local state = redis.call('HGET', KEYS[1], 'state')
  -- One that ends by itself has its time from its last write.
  if state and string.find(state, '"expires_at":null', 1, true) then
    redis.call('PEXPIRE', KEYS[1], ARGV[1])
    redis.call('PEXPIRE', KEYS[2], ARGV[1])
  end
end
return tag
