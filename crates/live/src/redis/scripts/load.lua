-- KEYS: the room, its changes. ARGV: the tag that is known, the version that is known.
if ARGV[1] ~= '' and redis.call('HGET', KEYS[1], 'tag') == ARGV[1] then
  return {'unchanged'}
end
return record(KEYS[1], KEYS[2], tonumber(ARGV[2]))
