-- claim: settles the last batch, moves what is due, takes back what was lost, leases the next heads.
-- args from 4: worker, nonce, lease ms, limit, number of settles; per settle: id, lane, token, step, at ms, health,
-- tried (0 | 1).
-- Returns: ms until the next lane is due or lost (-1 = none), then per claim: id, lane, endpoint, token, lease
-- until ms, crashes. A repeated command (same nonce) gets the leases it was given.

-- `leases`: of the whole batch.
local function settle(q, rules, now, leases, id, lane, token, step, at, health, tried)
  local own = leases[lane]
  local lease = own or read_lease(q, 'poison', lane)
  if not lease or lease.token ~= token or lease.id ~= id then return end
  leases[lane] = nil
  if step == 'done' then
    call('LPOP', q .. 'l:' .. lane)
    later('HDEL', q .. 'm', id)
  else
    local head = read_record(q, id)
    if tried == '1' or step == 'park' then head.crashes = 0 end -- put back untried it may still be what it was
    head.due = step == 'delay' and at or 0
    head.parked = step == 'park' or (head.parked and tried ~= '1') -- by a rebuild meanwhile: the journal says so
    head.tried = head.tried or tried == '1'
    write_record(q, head)
  end
  told(q, lease.ep, lane, token, health, rules, now)
  moved(q, lane)
  rest(q, lane, lease.ep, rules, now, own and 'leased' or 'parked', lease)
end

-- The settles of one batch, 7 arguments each. Their leases are read together.
local function settle_all(q, rules, now, a, from, last)
  if last < from then return end
  local lanes, leases = {}, {}
  for n = from, last, 7 do lanes[#lanes + 1] = a[n + 1] end
  for n, text in ipairs(call('HMGET', q .. 'own', unpack(lanes))) do leases[lanes[n]] = lease_of(text) end
  for n = from, last, 7 do
    settle(q, rules, now, leases, a[n], a[n + 1], a[n + 2], a[n + 3], tonumber(a[n + 4]), a[n + 5], a[n + 6])
  end
  write_out()
end

local function leased(q, lane, lease, crashes)
  return { lease.id, lane, lease.ep, lease.token, call('ZSCORE', q .. 'lease', lane), tostring(crashes) }
end

local function extend_list(list, more)
  for _, value in ipairs(more) do list[#list + 1] = value end
end

-- The answer to a command that was carried out before and whose reply was lost.
local function again(q, worker, nonce, answer)
  local text = call('GET', q .. 'c:' .. worker)
  if not text or string.sub(text, 1, #nonce + 1) ~= nonce .. SEP then return false end
  local last = split(text)
  for n = 2, #last do
    local lease = read_lease(q, 'own', last[n])
    if lease and lease.worker == worker then
      extend_list(answer, leased(q, last[n], lease, read_record(q, lease.id).crashes))
    end
  end
  return true
end

local function next_due(q, now)
  local soonest = -1
  for _, key in ipairs({ 'delay', 'lease', 'wait' }) do
    local first = call('ZRANGE', q .. key, 0, 0, 'WITHSCORES')
    if first[2] and tonumber(first[2]) < STOPPED then
      local left = math.max(0, tonumber(first[2]) - now)
      if soonest < 0 or left < soonest then soonest = left end
    end
  end
  return soonest
end

local function band_of(score) return math.floor(tonumber(score) / BAND) end

-- The longest waiting lane of the less urgent bands.
local function oldest_behind(q, ep, band, last)
  local found, since
  for b = band + 1, last do
    local one = call('ZRANGEBYSCORE', q .. 'r:' .. ep, whole_number(b * BAND), '(' .. whole_number((b + 1) * BAND),
      'WITHSCORES', 'LIMIT', 0, 1)
    local came = one[2] and tonumber(one[2]) - b * BAND
    if came and (not since or came < since) then found, since = one[1], came end
  end
  return found
end

-- The ready lane to go next: of the most urgent band, the oldest. After so many of them in a row, while others wait,
-- one of the others: the urgent go first, but never alone. Also returns how many in a row that makes.
-- A probe is another lane than the one that failed last, where there is one: what a receiver cannot bear must not
-- keep it from all the rest.
local function next_lane(q, ep, state, last, passed, bands)
  if not state and not bands then return call('ZRANGE', q .. 'r:' .. ep, 0, 0)[1], 0 end
  local first = call('ZRANGE', q .. 'r:' .. ep, 0, state and 1 or 0, 'WITHSCORES')
  if state then return first[1] == last and first[3] or first[1], passed end
  local band, least = band_of(first[2]), band_of(call('ZRANGE', q .. 'r:' .. ep, -1, -1, 'WITHSCORES')[2])
  if band == least then return first[1], 0 end
  if passed < AGE then return first[1], passed + 1 end
  return oldest_behind(q, ep, band, least), 0
end

-- Leases the next lane of an endpoint. Returns the delivery's record; nil = nothing may go there now.
-- `suspect`: one that lost a worker before is not to go; then false is returned.
local function lease_next(q, ep, rules, now, suspect, lease, sky)
  local f = said_of(q, ep)
  local passed = tonumber(f.passed) or 0
  local lane, row = next_lane(q, ep, f.state, f.last, passed, sky.bands)
  local head = read_record(q, call('LINDEX', q .. 'l:' .. lane, 0))
  if head.tried and sky.stopped then
    place(q, lane, ep, rules, 'ready', nil, 'waiting', STOPPED)
    return nil
  end
  if head.crashes > 0 and suspect then return false end
  local rate = rate_of(ep, f.rate, rules)
  if rate and not spend(q, ep, rate, f.bucket, now) then
    touch(q, ep, rules)
    return nil
  end
  if row ~= passed then
    if row > 0 then say(q, ep, 'passed', row) else unsay(q, ep, 'passed') end
  end
  head.token = next_token(q, lease.generation)
  if f.state then say(q, ep, 'probe', head.token) end
  local mine = join(VERSION, head.token, head.id, ep, lease.worker)
  place(q, lane, ep, rules, 'ready', nil, 'leased', lease.until_ms, mine)
  count(q, 'turn')
  if meet(q, ep).active then later('ZADD', q .. 'act', counters.turn, ep) end
  return head
end

-- One lane per endpoint per turn. A lane that lost a worker before is taken at most one per call, so that what
-- travels in a batch with a poisonous delivery is not counted poisonous with it.
local function take(q, a, rules, now, answer, sky)
  local limit, lease = tonumber(a[7]), { worker = a[4], until_ms = now + tonumber(a[6]), generation = a[1] }
  local lanes, aside, suspect, steps = { a[5] }, {}, false, 0
  local turn, at = {}, 0 -- the next endpoints: whoever had its turn goes behind all of them
  while #lanes <= limit and steps < STEPS + limit do
    at = at + 1
    if at > #turn then
      write_out()
      turn, at = call('ZRANGE', q .. 'act', 0, limit - #lanes), 1
    end
    local ep = turn[at]
    if not ep then break end
    meet(q, ep).active = true
    local head = lease_next(q, ep, rules, now, suspect, lease, sky)
    steps = steps + 1
    if head then
      suspect = suspect or head.crashes > 0
      lanes[#lanes + 1] = head.lane
      extend_list(answer, { head.id, head.lane, ep, head.token, whole_number(lease.until_ms), tostring(head.crashes) })
    elseif head == false then
      meet(q, ep).active = false
      call('ZREM', q .. 'act', ep)
      aside[#aside + 1] = ep
    end
  end
  write_out()
  for _, ep in ipairs(aside) do touch(q, ep, rules) end
  if #lanes > 1 then call('SET', q .. 'c:' .. lease.worker, table.concat(lanes, SEP), 'PX', a[6]) end
end

serve('claim', { 'allow-oom' }, function(q, a, rules)
  local now, answer, news = clock(), { 0 }, tonumber(a[8]) > 0
  if again(q, a[4], a[5], answer) then return answer end
  settle_all(q, rules, now, a, 9, 8 + 7 * tonumber(a[8]))
  local sky = weather(q, now)
  if sky.tick > now then clock_went_back(q, rules, now) end
  if sky.held and not sky.stopped then
    local lanes = call('ZRANGEBYSCORE', q .. 'delay', whole_number(STOPPED), '+inf', 'LIMIT', 0, STEPS)
    if #lanes == 0 then call('DEL', q .. 'held') end
    for _, lane in ipairs(lanes) do
      rest(q, lane, read_record(q, call('LINDEX', q .. 'l:' .. lane, 0)).ep, rules, now, 'waiting')
      news = true
    end
    write_out()
  end
  for _, lane in ipairs(call('ZRANGEBYSCORE', q .. 'delay', '-inf', now, 'LIMIT', 0, STEPS)) do
    rest(q, lane, read_record(q, call('LINDEX', q .. 'l:' .. lane, 0)).ep, rules, now, 'waiting')
    news = true
  end
  for _, lane in ipairs(call('ZRANGEBYSCORE', q .. 'lease', '-inf', now, 'LIMIT', 0, STEPS)) do
    crash(q, lane, rules, now, a[1])
    news = true
  end
  for _, ep in ipairs(call('ZRANGEBYSCORE', q .. 'wait', '-inf', now, 'LIMIT', 0, STEPS)) do
    wake(q, ep, now)
    touch(q, ep, rules)
    news = true
  end
  take(q, a, rules, now, answer, sky)
  if call('EXISTS', q .. 'act') == 0 then
    call('DEL', q .. 'bell') -- nothing to claim: whoever listens would be woken for nothing
  elseif news or #answer > 1 then
    ring(q) -- more than this caller took: the next one is woken
  end
  answer[1] = next_due(q, now)
  return answer
end)

-- extend: args from 4: lease ms; per claim: id, lane, token. Returns the ids still held.
serve('extend', { 'allow-oom' }, function(q, a, _)
  local until_ms, held = whole_number(clock() + tonumber(a[4])), {}
  for n = 5, #a, 3 do
    local lease = read_lease(q, 'own', a[n + 1])
    if lease and lease.id == a[n] and lease.token == a[n + 2] then
      call('ZADD', q .. 'lease', 'XX', until_ms, a[n + 1])
      held[#held + 1] = a[n]
    end
  end
  return held
end)
