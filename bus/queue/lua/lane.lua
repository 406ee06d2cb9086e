-- Where a lane is. `place` is the only writer of ready, waiting, leased and parked; `rest` decides from the head's
-- record. Nothing else touches r:*, act, delay, lease, own, i:*, park or poison.

-- An endpoint can be claimed from while it has a ready lane, does not rest, and has room in flight.
local function touch(q, ep, rules)
  if call('EXISTS', q .. 'r:' .. ep) == 1 and has_room(q, ep, rules) then
    if not call('ZSCORE', q .. 'act', ep) then call('ZADD', q .. 'act', call('INCR', q .. 'turn'), ep) end
  else
    call('ZREM', q .. 'act', ep)
  end
end

local function place(q, lane, ep, rules, where, value, lease)
  unleased(q, lane, ep)
  call('ZREM', q .. 'r:' .. ep, lane)
  call('ZREM', q .. 'delay', lane)
  call('SREM', q .. 'park', lane)
  call('HDEL', q .. 'poison', lane)
  call('ZREM', q .. 'lease', lane)
  call('HDEL', q .. 'own', lane)
  call('SREM', q .. 'i:' .. ep, lane)
  if where == 'ready' then
    call('ZADD', q .. 'r:' .. ep, whole_number(value), lane)
    call('SADD', q .. 'eps', ep)
  elseif where == 'waiting' then
    call('ZADD', q .. 'delay', whole_number(value), lane)
    if value == STOPPED then call('SET', q .. 'held', '1') end
  elseif where == 'leased' then
    call('ZADD', q .. 'lease', whole_number(value), lane)
    call('HSET', q .. 'own', lane, lease)
    call('SADD', q .. 'i:' .. ep, lane)
  elseif where == 'parked' then
    call('SADD', q .. 'park', lane)
  end
  touch(q, ep, rules)
end

-- Puts an unleased lane where its head belongs. Returns where.
local function rest(q, lane, ep, rules, now)
  local head = read_record(q, call('LINDEX', q .. 'l:' .. lane, 0))
  if not head then
    place(q, lane, ep, rules, 'nowhere')
    return 'nowhere'
  elseif head.parked then
    place(q, lane, ep, rules, 'parked')
    return 'parked'
  elseif head.due > now then
    place(q, lane, ep, rules, 'waiting', head.due)
    return 'waiting'
  end
  place(q, lane, ep, rules, 'ready', head.score)
  return 'ready'
end

-- Adds a delivery to the tail; says nothing about where the lane is.
local function append(q, lane, ep, e, now, old)
  local score = old and old.score or (e.priority * BAND + call('INCR', q .. 'seq'))
  write_record(q, { id = e.id, lane = lane, ep = ep, score = score, crashes = old and old.crashes or 0,
    created = old and old.created or whole_number(now), due = e.due, parked = e.parked, tried = e.tried or (old and old.tried) })
  if e.priority ~= NORMAL then call('SET', q .. 'bands', '1') end
  call('RPUSH', q .. 'l:' .. lane, e.id)
end

-- A lease was lost: the head is tried again at once, unless it took three workers with it.
local function crash(q, lane, rules, now, generation)
  local lease = read_lease(q, 'own', lane)
  local head = read_record(q, lease.id)
  head.crashes = head.crashes + 1
  head.tried = true -- it may have been sent
  local poisonous = head.crashes >= CRASHES
  head.parked = head.parked or poisonous
  write_record(q, head)
  rest(q, lane, head.ep, rules, now)
  if poisonous then
    call('HSET', q .. 'poison', lane, join(VERSION, next_token(q, generation), head.id, head.ep, lease.worker))
  end
end
