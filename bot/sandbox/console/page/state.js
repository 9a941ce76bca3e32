// What the page knows: the sandbox's state as one person sees it, which conversation is open, what was read. Nothing is invented here.

import { announceLost, announceFound, toast } from "./toast.js";

const FIRST_PERSON = "U0ALICE";
/** The place of the app's Home among the conversations; no channel has this id. */
export const HOME = "home";
const APP_HOME = { id: HOME, kind: "home", name: "legacytls", member: true };
const listeners = new Set();
const asked = new URLSearchParams(location.search);
let reading = null;
let again = false;

export const store = {
  state: null,
  as: asked.get("as") ?? sessionStorage.getItem("as") ?? FIRST_PERSON,
  open: asked.get("in"),
  drafts: new Map(),
  person: (id) => store.state?.people.find((person) => person.id === id),
  group: (id) => store.state?.groups.find((group) => group.id === id),
  channel: (id) => (id === HOME ? APP_HOME : store.state?.channels.find((channel) => channel.id === id)),
  get me() { return store.person(store.as); },
  get now() { return new Date(store.state.now); },
  messages: (id) => store.state?.messages[id] ?? [],
  subscribe: (listener) => listeners.add(listener),
};

/** What mrkdwn and dates need to know of whoever reads. */
export const reader = () => ({
  me: store.as, tz: store.me?.tz ?? "UTC", now: store.now, people: store.state.people, person: store.person, group: store.group,
  channel: store.channel, open: openChannel, samples: store.state.samples ?? [],
});

function changed() {
  if (store.state) for (const listener of listeners) listener();
}

/** Read the state again; calls during a reading are folded into one more. Resolves once a reading begun after the call is shown. */
export function refresh() {
  if (reading) { again = true; return reading; }
  reading = (async () => {
    do { again = false; await readOnce(); } while (again);
  })().finally(() => { reading = null; });
  return reading;
}

async function readOnce() {
  const person = store.as;
  let answer;
  try {
    answer = await fetch(`/console/state?as=${encodeURIComponent(person)}`, { cache: "no-store" });
  } catch {
    return announceLost();
  }
  if (!answer.ok) return unreadable(answer, person);
  const state = await answer.json();
  announceFound();
  if (person !== store.as) { again = true; return; }
  const somebody = state.people.find(({ id }) => id === person) ?? state.people.find(({ is_bot }) => !is_bot);
  if (somebody && somebody.id !== person) become(somebody.id);
  else adopt(state);
}

async function unreadable(answer, person) {
  if (person !== FIRST_PERSON && answer.status < 500) become(FIRST_PERSON);
  else toast((await sentence(answer)) ?? "The sandbox could not say what it knows.", "bad");
}

function adopt(state) {
  const first = !store.state;
  if (Number(sessionStorage.getItem("revision") ?? 0) > state.revision) forgetRead();
  sessionStorage.setItem("revision", state.revision);
  store.state = state;
  const home = state.channels.find(({ kind, member }) => kind === "channel" && member) ?? state.channels[0];
  if (!store.channel(store.open)) store.open = home?.id ?? null;
  markRead();
  changed();
  if (first) visitHome();
}

/** Be another person; what they see is read anew. */
export function become(id) {
  store.as = id;
  sessionStorage.setItem("as", id);
  address();
  if (store.state?.people.some((person) => person.id === id)) changed();
  visitHome();
  return refresh();
}

export function openChannel(id) {
  store.open = id;
  document.body.dataset.panel = "chat";
  address();
  markRead();
  changed();
  visitHome();
}

/** Whoever looks at the app's Home has it drawn for them, as Slack tells the app each time. */
function visitHome() {
  if (store.open === HOME) act("open_home", {});
}

/** The address bar carries who and where, so that two windows can be two people. */
function address() {
  const query = new URLSearchParams({ as: store.as, ...(store.open ? { in: store.open } : {}) });
  history.replaceState(null, "", `?${query}`);
}

// What was read is kept per person and conversation for this window only.
const readKey = (channel) => `read.${store.as}.${channel}`;
const newest = (channel) => store.messages(channel).reduce((last, { ts }) => Math.max(last, Number(ts)), 0);

function markRead() {
  if (store.open && !document.hidden) sessionStorage.setItem(readKey(store.open), newest(store.open));
}

function forgetRead() {
  for (const key of Object.keys(sessionStorage)) if (key.startsWith("read.")) sessionStorage.removeItem(key);
}

/** How many messages by others arrived since this person last looked. */
export function unread(channel) {
  const seen = Number(sessionStorage.getItem(readKey(channel)) ?? 0);
  return store.messages(channel).filter(({ ts, user }) => Number(ts) > seen && user !== store.as).length;
}

async function sentence(answer) {
  try {
    return (await answer.json()).error;
  } catch {
    return null;
  }
}

/** POST to the console. What goes wrong is told in a toast; the answer always has `ok`. */
export async function post(path, body) {
  let answer;
  try {
    answer = await fetch(`/console/${path}`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  } catch {
    toast("The sandbox does not answer. Is `legacytls sandbox` still running?", "bad");
    return { ok: false };
  }
  if (!answer.ok) {
    toast((await sentence(answer)) ?? `The sandbox answered ${answer.status}.`, "bad");
    return { ok: false };
  }
  const result = await answer.json();
  if (!result.ok && result.error) toast(result.error, "bad");
  return result;
}

/** Do something as the picked person, then show what came of it. */
export async function act(path, body) {
  const result = await post(path, { as: store.as, ...body });
  await refresh();
  return result;
}

/** Change the world around the bot, then show it. */
export async function arrange(path, body) {
  const result = await post(path, body);
  await refresh();
  return result;
}

/** Follow the sandbox's revisions for as long as the page is open. */
export function follow() {
  const events = new EventSource("/console/events");
  events.onopen = () => refresh();
  events.onmessage = (event) => { if (JSON.parse(event.data).revision !== store.state?.revision) refresh(); };
  events.onerror = () => {
    announceLost();
    if (events.readyState === EventSource.CLOSED) setTimeout(follow, 2000);
  };
  return refresh();
}

document.addEventListener("visibilitychange", () => { markRead(); changed(); });
