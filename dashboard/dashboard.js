// The operators' page: shows the answers of the admin API, and has its operations as buttons. All addresses are relative, so that the
// page also works below a path of a proxy.

const POLL_MS = 2_000;
/** Time after which a request counts as unanswered, so that the page does not show old facts as if they were present. */
const ANSWER_MS = 5_000;
/** The gateway writes to the event stream at least every 15 seconds. */
const STREAM_SILENT_MS = 40_000;
const EVENTS_KEPT = 200;
const EVENTS_RECENT = 100;
const INCIDENTS_SHOWN = 10;
const ROOMS_SHOWN = 50;
const FAILURE_SHOWN_MS = 8_000;
const TOKEN_KEY = 'holdfast-admin-token';

const $ = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
let token = storedToken();
/** The id of the last event, from which a new stream continues. */
let lastEvent = '';
/** Ends the event stream, so that the next one has the events of another filter. @type {AbortController | undefined} */
let stream;
/** True: the operator has chosen another filter, and the stream with it begins at once. */
let isFilterNew = false;
/** The time of the last complete answer, in ms of `performance.now()`. */
let answeredAt = 0;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let nextPoll;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let failureTimer;

$('login').addEventListener('submit', (event) => {
  event.preventDefault();
  token = /** @type {HTMLInputElement} */ ($('token')).value.trim();
  void enter();
});
$('event-filter').addEventListener('change', () => {
  lastEvent = '';
  isFilterNew = true;
  $('events').replaceChildren();
  $('no-events').hidden = false;
  stream?.abort();
});
if (token) void enter();

// Makes these areas focusable, so that people without a mouse can scroll them with the arrow keys.
for (const area of document.querySelectorAll('.wide, #events')) /** @type {HTMLElement} */ (area).tabIndex = 0;

async function enter() {
  try {
    await poll();
  } catch (error) {
    $('refusal').textContent = sentenceOf(error);
    return;
  }
  $('refusal').textContent = '';
  storeToken();
  $('login').hidden = true;
  $('fleet').hidden = false;
  void follow();
  schedule();
}

/** Returns the stored token, or an empty text. A browser may deny storage; the token then lasts until the page is reloaded. */
function storedToken() {
  try {
    return sessionStorage.getItem(TOKEN_KEY) ?? '';
  } catch {
    return '';
  }
}

function storeToken() {
  try {
    sessionStorage.setItem(TOKEN_KEY, token);
  } catch {
    // The browser denies storage, so the token lasts until the page is reloaded.
  }
}

function schedule() {
  clearTimeout(nextPoll);
  nextPoll = setTimeout(async () => {
    try {
      await poll();
    } catch (error) {
      const seconds = Math.round((performance.now() - answeredAt) / 1_000);
      $('summary').textContent = `${sentenceOf(error)} What you see is ${seconds} seconds old.`;
      document.body.classList.add('stale');
    }
    schedule();
  }, POLL_MS);
}

async function poll() {
  const [{ incidents }, { servers }, fleet, { rooms, total }, { queues }] = await Promise.all([
    request(`incidents?limit=${INCIDENTS_SHOWN}`),
    request('servers'),
    request('fleet'),
    request(`rooms?limit=${ROOMS_SHOWN}`),
    request('queues'),
  ]);
  $('summary').textContent =
    `Rooms: ${fleet.rooms} · Players: ${fleet.players} · Free slots: ${fleet.freeSlots} of ${fleet.slots} · Game servers wanted: ${fleet.wantedGameServers}`;
  answeredAt = performance.now();
  document.body.classList.remove('stale');
  $('incidents-table').hidden = incidents.length === 0;
  $('no-incidents').hidden = incidents.length > 0;
  replaceRows($('incidents'), incidents.map(incidentRow));
  replaceRows($('servers'), servers.map(serverRow));
  $('room-count').textContent = total > rooms.length ? `${rooms.length} of ${total}` : `${total}`;
  replaceRows($('rooms'), rooms.map(roomRow));
  $('no-rooms').hidden = rooms.length > 0;
  $('queues-section').hidden = queues.length === 0;
  replaceRows($('queues'), queues.map(queueRow));
}

/**
 * Replaces the rows of a table, and keeps the keyboard focus on the button of the same operation. @param {HTMLElement} body @param
 * {HTMLElement[]} rows
 */
function replaceRows(body, rows) {
  const path = body.contains(document.activeElement) ? /** @type {HTMLElement} */ (document.activeElement).dataset.path : undefined;
  body.replaceChildren(...rows);
  if (path !== undefined) body.querySelector(`button[data-path="${CSS.escape(path)}"]`)?.focus();
}

/** @param {any} incident */
function incidentRow(incident) {
  const { outcome, severity, endedAt, pauseMs, rooms } = incident;
  const verdict = cell(outcome);
  verdict.className = severity === 'critical' ? 'bad' : 'warn';
  const end = cell(endedAt === null ? 'not over' : new Date(endedAt).toLocaleTimeString());
  end.className = endedAt === null ? 'bad' : 'good';
  return row(
    new Date(incident.beganAt).toLocaleTimeString(),
    incident.server,
    verdict,
    incident.reasons.join(', '),
    number(rooms),
    number(pauseMs === null ? '' : pauseMs < 1_000 ? `${pauseMs} ms` : `${(pauseMs / 1_000).toFixed(1)} s`),
    end,
  );
}

/** @param {any} server */
function serverRow(server) {
  const troubles = [
    server.suspect > 0 && 'suspect',
    server.unheard && 'unheard',
    server.cordoned && 'cordoned',
    server.canary && 'canary',
    server.deadReason,
  ].filter(Boolean);
  const state = cell([server.state, ...troubles].join(', '));
  state.className = server.state === 'dead' ? 'bad' : troubles.length > 0 || server.state !== 'ready' ? 'warn' : 'good';
  const isGame = server.type === 'game';
  const load = document.createElement('td');
  if (isGame && server.capacity > 0) {
    const meter = document.createElement('meter');
    meter.max = server.capacity;
    meter.value = server.rooms;
    meter.title = `${server.rooms} of ${server.capacity}`;
    meter.setAttribute('aria-label', `Load of ${server.id}: ${meter.title} rooms`);
    load.append(meter);
  }
  const path = `servers/${encodeURIComponent(server.id)}`;
  const actions = document.createElement('td');
  if (isGame && server.state !== 'dead') {
    const label = server.cordoned ? 'Uncordon' : 'Cordon';
    actions.append(
      button({ label, about: server.id, path: `${path}/${label.toLowerCase()}` }),
      button({
        label: 'Drain',
        about: server.id,
        path: `${path}/drain`,
        question: { title: `Drain ${server.id}?`, details: 'All of its rooms migrate to other game servers, and it gets no new ones.' },
      }),
    );
  }
  if (server.state !== 'dead')
    actions.append(
      button({
        label: 'Evict',
        about: server.id,
        path: `${path}/evict`,
        question: {
          title: `Evict ${server.id}?`,
          details: 'The fleet treats this incarnation of the server as dead, and others recover its rooms. This cannot be undone.',
        },
      }),
    );
  return row(
    server.id,
    state,
    number(isGame ? server.rooms : ''),
    load,
    number(server.players),
    number(server.lagMs),
    number(server.clockOffsetMs === null ? '' : server.clockOffsetMs / 1_000),
    new Date(server.startedAt).toLocaleString(),
    server.region,
    server.build,
    actions,
  );
}

/** @param {any} room */
function roomRow(room) {
  const actions = document.createElement('td');
  if (room.status === 'playing') {
    const path = `rooms/${encodeURIComponent(room.id)}`;
    actions.append(
      button({ label: 'Migrate', about: room.id, path: `${path}/migrate` }),
      button({
        label: 'End',
        about: room.id,
        path: `${path}/end`,
        question: { title: 'End this game?', details: `The game of the room ${room.id} is over for its players.`, asksForNote: true },
      }),
    );
  }
  const owner = typeof room.owner === 'object' && room.owner ? room.owner.server : (room.owner ?? '');
  return row(room.id, room.game, room.status, String(owner), number(room.version ?? ''), actions);
}

/** @param {any} queue */
function queueRow(queue) {
  const seconds = (/** @type {number | null} */ ms) => number(ms === null ? '' : (ms / 1_000).toFixed(1));
  return row(
    queue.game,
    number(queue.players),
    number(queue.tickets),
    seconds(queue.waitingP50Ms),
    seconds(queue.waitingP95Ms),
    seconds(queue.matchedP50Ms),
    seconds(queue.matchedP95Ms),
    number(queue.matchesPerMinute),
    number(queue.ratingSpread ?? ''),
    queue.runner,
  );
}

/** Reads server-sent events by `fetch`, because an EventSource cannot send a token. */
async function follow() {
  for (;;) {
    try {
      const headers = { ...authorization(), ...(lastEvent !== '' && { 'Last-Event-ID': lastEvent }) };
      stream = new AbortController();
      const response = await fetch(`api/events?${eventQuery()}`, { headers, signal: stream.signal });
      const reader = response.ok ? response.body?.pipeThrough(new TextDecoderStream()).getReader() : undefined;
      let text = '';
      const next = async () => {
        const timer = setTimeout(() => stream?.abort(), STREAM_SILENT_MS);
        return reader?.read().finally(() => clearTimeout(timer));
      };
      for (let part = await next(); part && !part.done; part = await next()) {
        text += part.value;
        const blocks = text.split('\n\n');
        text = blocks.pop() ?? '';
        for (const block of blocks) showEvent(block);
      }
    } catch {
      // The gateway cannot be reached, or the filter has changed. The loop tries again.
    }
    if (!isFilterNew) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    isFilterNew = false;
  }
}

function eventQuery() {
  const fields = new FormData(/** @type {HTMLFormElement} */ ($('event-filter')));
  const query = new URLSearchParams({ recent: String(EVENTS_RECENT), severity: String(fields.get('severity')) });
  if (fields.get('kind')) query.set('kind', String(fields.get('kind')));
  return query;
}

/** @param {string} block */
function showEvent(block) {
  const data = block
    .split('\n')
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice(5).trim())
    .join('');
  if (!data) return;
  for (const event of [JSON.parse(data)].flat()) {
    const { at, kind, severity = 'info', reason, id, by: _by, incarnation: _incarnation, detail, ...about } = event;
    lastEvent = id;
    const item = document.createElement('p');
    item.className = severity;
    const time = document.createElement('time');
    time.textContent = new Date(at ?? Date.now()).toLocaleTimeString();
    const facts = Object.entries({ ...about, ...detail }).map(([name, value]) => `${name} ${value}`);
    item.append(time, `${kind}: ${reason} (${facts.join(', ')})`);
    $('events').prepend(item);
  }
  $('no-events').hidden = true;
  while ($('events').children.length > EVENTS_KEPT) $('events').lastElementChild?.remove();
}

/**
 * @typedef {{ title: string, details: string, asksForNote?: boolean }} Question
 * @param {{ label: string, about: string, path: string, question?: Question }} operation
 */
function button({ label, about, path, question }) {
  const made = document.createElement('button');
  made.type = 'button';
  made.textContent = label;
  made.dataset.path = path;
  made.setAttribute('aria-label', `${label} ${about}`);
  made.addEventListener('click', async () => {
    const answer = question ? await ask(question, label) : {};
    if (!answer) return;
    made.disabled = true;
    try {
      await request(path, 'POST', answer);
      await poll();
    } catch (error) {
      showFailure(sentenceOf(error));
    } finally {
      made.disabled = false;
    }
  });
  return made;
}

/**
 * Asks the operator before an operation. @param {Question} question @param {string} label @returns {Promise<object | null>} the body of the
 * request; null: the operator canceled
 */
function ask({ title, details, asksForNote = false }, label) {
  const dialog = /** @type {HTMLDialogElement} */ ($('question'));
  const note = /** @type {HTMLInputElement} */ (dialog.querySelector('input'));
  $('question-title').textContent = title;
  $('question-details').textContent = details;
  $('question-yes').textContent = label;
  $('question-note').hidden = !asksForNote;
  note.value = '';
  dialog.returnValue = '';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener(
      'close',
      () => {
        const text = note.value.trim();
        resolve(dialog.returnValue === 'yes' ? (text === '' ? {} : { note: text }) : null);
      },
      { once: true },
    );
  });
}

/** @param {string} text */
function showFailure(text) {
  $('failure').textContent = text;
  clearTimeout(failureTimer);
  failureTimer = setTimeout(() => {
    $('failure').textContent = '';
  }, FAILURE_SHOWN_MS);
}

/** @param {string} path @param {'GET' | 'POST'} [method] @param {object} [body] */
async function request(path, method = 'GET', body) {
  const sent = body && Object.keys(body).length > 0 ? { body: JSON.stringify(body) } : {};
  const headers = { ...authorization(), ...(sent.body && { 'Content-Type': 'application/json' }) };
  // An operation such as a drain may take minutes; a question may not.
  const signal = method === 'GET' ? { signal: AbortSignal.timeout(ANSWER_MS) } : {};
  const response = await fetch(`api/${path}`, { method, headers, ...sent, ...signal }).catch((error) => {
    if (error?.name === 'TimeoutError') throw new Error(`The gateway has not answered for ${ANSWER_MS / 1_000} seconds.`);
    throw new Error('There is no connection to the gateway.');
  });
  // A proxy answers with a page of its own when it cannot reach the gateway.
  const answer = await response.json().catch(() => null);
  if (!response.ok || answer === null)
    throw new Error(answer?.message ?? `The gateway does not answer: a server before it sent the status ${response.status}.`);
  return answer;
}

/** @param {unknown} error */
function sentenceOf(error) {
  return error instanceof Error ? error.message : String(error);
}

function authorization() {
  return { Authorization: `Bearer ${token}` };
}

/** @param {(string | HTMLTableCellElement)[]} cells */
function row(...cells) {
  const made = document.createElement('tr');
  made.append(...cells.map((content) => (typeof content === 'string' ? cell(content) : content)));
  return made;
}

/** @param {string} text */
function cell(text) {
  const made = document.createElement('td');
  made.textContent = text;
  return made;
}

/** @param {string | number} value */
function number(value) {
  const made = cell(String(value));
  made.className = 'number';
  return made;
}
