-- Whether an endpoint may be claimed from: pause, breaker, rate, room in flight. Only this file and `claim` write ep:* and
-- wait. The breaker is one for all workers: it opens after so many failures in a row, lets one probe out when its
-- time has come, and closes when the endpoint answers, whatever it answers.

-- What ep:* says and how many lanes are where; read once a call.
local function meet(q, ep)
  local e = met[ep]
  if not e then
    local said, f = call('HGETALL', q .. 'ep:' .. ep), {}
    for n = 1, #said, 2 do f[said[n]] = said[n + 1] end
    e = { said = f }
    met[ep] = e
  end
  return e
end

local function said_of(q, ep) return meet(q, ep).said end

local function say(q, ep, ...)
  local f, pairs_said = said_of(q, ep), { ... }
  for n = 1, #pairs_said, 2 do f[pairs_said[n]] = tostring(pairs_said[n + 1]) end
  call('HSET', q .. 'ep:' .. ep, ...)
end

local function unsay(q, ep, ...)
  local f, there = said_of(q, ep), false
  for _, field in ipairs({ ... }) do
    there = there or f[field] ~= nil
    f[field] = nil
  end
  if there then call('HDEL', q .. 'ep:' .. ep, ...) end
end

-- Lanes of it that are ready, or in flight. Whoever changes that counts it here too.
local function ready_of(q, ep)
  local e = meet(q, ep)
  if not e.ready then e.ready = call('ZCARD', q .. 'r:' .. ep) end
  return e.ready
end

local function flying_of(q, ep)
  local e = meet(q, ep)
  if not e.flying then e.flying = call('SCARD', q .. 'i:' .. ep) end
  return e.flying
end

-- Is there room for one more lane? Asks no clock: what ends by time is ended by `wake`. An endpoint that did not
-- answer last gets no more lanes than failures are left to it, so that a dead one costs no more tries than that.
local function has_room(q, ep, rules)
  local f = said_of(q, ep)
  if f.pause or f.state == 'open' or f.probe or f.dry then return false end
  local most = tonumber(f.cap) or rules.lanes
  if rules.failures > 0 and not f.state and not f.well then
    most = math.min(most, math.max(1, rules.failures - (tonumber(f.fails) or 0)))
  end
  return flying_of(q, ep) < most
end

-- Notes when the endpoint is to be looked at again.
local function watch(q, ep)
  local f = said_of(q, ep)
  local at = f.state == 'open' and tonumber(f['until'])
  for _, field in ipairs({ 'pause', 'dry' }) do
    local ends = tonumber(f[field])
    if ends and (not at or ends < at) then at = ends end
  end
  if at then call('ZADD', q .. 'wait', whole_number(at), ep) else call('ZREM', q .. 'wait', ep) end
end

-- Its time has come: a pause ends, an open breaker lets one probe out, there is a token again.
local function wake(q, ep, now)
  local f = said_of(q, ep)
  if f.state == 'open' and tonumber(f['until']) <= now then
    say(q, ep, 'state', 'half')
    unsay(q, ep, 'until')
  end
  if (tonumber(f.pause) or now + 1) <= now then unsay(q, ep, 'pause') end
  if (tonumber(f.dry) or now + 1) <= now then unsay(q, ep, 'dry') end
  watch(q, ep)
end

local function shut(q, ep, until_ms)
  unsay(q, ep, 'probe', 'well', 'fails')
  say(q, ep, 'state', 'open', 'until', whole_number(until_ms))
  watch(q, ep)
end

-- Each time in a row twice as long. Half of it is left to chance, so that endpoints that fell together are not
-- probed together; the chance is drawn from the token, which never repeats.
local function open(q, ep, lane, opens, token, rules, now)
  local full = math.min(rules.most, rules.first * 2 ^ math.min(opens, 30))
  local part = 50 + tonumber(string.match(token, '(%d+)$')) * 37 % 51
  shut(q, ep, now + math.floor(full * part / 100))
  say(q, ep, 'opens', opens + 1, 'last', lane)
end

-- What a settlement says of the endpoint: 'well' (it answered), 'ill' (it did not), '' (nothing).
local function told(q, ep, lane, token, health, rules, now)
  if health == '' or rules.failures == 0 then return end
  local f = said_of(q, ep)
  if health == 'well' then
    if f.state or f.fails or not f.well then
      unsay(q, ep, 'state', 'until', 'probe', 'fails', 'opens', 'last')
      say(q, ep, 'well', '1')
      watch(q, ep)
    end
  elseif not f.state then
    local fails = (tonumber(f.fails) or 0) + 1
    if fails >= rules.failures then
      open(q, ep, lane, tonumber(f.opens) or 0, token, rules, now)
    else
      unsay(q, ep, 'well')
      say(q, ep, 'fails', fails, 'last', lane)
    end
  elseif f.probe == token then -- others were sent before it opened: they tell nothing new
    open(q, ep, lane, tonumber(f.opens) or 0, token, rules, now)
  end
end

-- A lane leaves its lease. If it was the probe and nothing was told, another goes out soon.
local function unleased(q, ep, lease)
  local probe = said_of(q, ep).probe
  if probe and lease and lease.token == probe then shut(q, ep, clock() + AGAIN) end
end

-- The rate of an endpoint: as ordered, else as the caller's settings say; nil = none.
local function rate_of(ep, ordered, rules) return ordered or rules.rates[ep] end

-- A bucket's level now, in parts of a token that fill up at `count` a ms; a whole token is `span` of them. Whole
-- numbers only. A clock that went back adds nothing. A bucket of another rate is a new one, and full.
local function level_of(rate, bucket, now)
  local per_ms, span, burst = string.match(rate, '^(%d+)/(%d+)/(%d+)$')
  per_ms, span = tonumber(per_ms), tonumber(span)
  local most, f = tonumber(burst) * span, split(bucket or '')
  if f[1] ~= rate then return most, per_ms, span end
  return math.min(most, tonumber(f[2]) + math.max(0, now - tonumber(f[3])) * per_ms), per_ms, span
end

local function fill_up(q, ep, rate, level, per_ms, span, now)
  say(q, ep, 'bucket', join(rate, whole_number(level), whole_number(now)))
  if level < span then
    say(q, ep, 'dry', whole_number(now + math.ceil((span - level) / per_ms)))
  else
    unsay(q, ep, 'dry')
  end
  call('SET', q .. 'tick', whole_number(now))
  watch(q, ep)
end

-- One token is spent. False: there is none; the endpoint rests until there is.
local function spend(q, ep, rate, bucket, now)
  local level, per_ms, span = level_of(rate, bucket, now)
  local paid = level >= span
  fill_up(q, ep, rate, paid and level - span or level, per_ms, span, now)
  return paid
end

-- The clock went back: nobody waits for the next token longer than it takes to come.
local function clock_went_back(q, rules, now)
  for _, ep in ipairs(call('ZRANGE', q .. 'wait', 0, -1)) do
    local f = said_of(q, ep)
    local rate = f.dry and rate_of(ep, f.rate, rules)
    if rate then
      local level, per_ms, span = level_of(rate, f.bucket, now)
      fill_up(q, ep, rate, level, per_ms, span, now)
    elseif f.dry then
      unsay(q, ep, 'dry')
      watch(q, ep)
    end
  end
  call('SET', q .. 'tick', whole_number(now))
end

-- What a claim must know beforehand: latest token taken, whether retries are stopped now and whether some lanes wait
-- because they were, whether there are several bands.
local function weather(q, now)
  local f = call('MGET', q .. 'tick', q .. 'stopped', q .. 'held', q .. 'bands')
  return { tick = tonumber(f[1]) or 0, stopped = f[2] and (tonumber(f[2]) or now + 1) > now, held = f[3], bands = f[4] }
end
