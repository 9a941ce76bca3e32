// The open conversation: grouped messages, reactions, and what a person may do with a message.

import { h, icon, reconcile, rove, spoken } from "./dom.js";
import { renderContent } from "./blocks.js";
import { emojiOrName, MORE, QUICK } from "./emoji.js";
import { avatar, roleOf } from "./people.js";
import { firstOnPhone, onPhone } from "./phone.js";
import { openMenu } from "./popover.js";
import { act, HOME, reader, store } from "./state.js";
import { clock, dateOfTs, full, isoDay, pretty } from "./time.js";

const GROUPED_WITHIN_S = 300;
let shownFor = "";

/** Draw the open conversation into `log`, keeping the reader at the end if they were there. */
export function renderMessages(log, jump) {
  const view = `${store.as} ${store.open}`;
  const fresh = view !== shownFor;
  const atEnd = fresh || log.scrollHeight - log.scrollTop - log.clientHeight < 80;
  const before = log.querySelectorAll(".message").length;
  log.setAttribute("aria-busy", fresh ? "true" : "false");
  if (fresh) log.replaceChildren();
  const channel = store.channel(store.open);
  const list = threaded(store.messages(store.open));
  const home = store.open === HOME;
  log.classList.toggle("home", home);
  reconcile(log, home ? [homeItem(store.state.home, reader())] : list.length ? items(list, reader()) : [emptyItem(channel)]);
  if (fresh && home) { log.scrollTop = 0; jump.hidden = true; shownFor = view; return; }
  if (atEnd && !home) log.scrollTop = log.scrollHeight;
  jump.hidden = atEnd || (jump.hidden && log.querySelectorAll(".message").length <= before);
  shownFor = view;
}

/** By time, with replies behind the message they answer. */
function threaded(messages) {
  const sorted = [...messages].sort((a, b) => Number(a.ts) - Number(b.ts));
  const present = new Set(sorted.map(({ ts }) => ts));
  const isReply = ({ ts, thread_ts }) => Boolean(thread_ts) && thread_ts !== ts && present.has(thread_ts);
  const replies = (parent) => sorted.filter((message) => isReply(message) && message.thread_ts === parent.ts);
  const parents = sorted.filter((message) => !isReply(message));
  return parents.flatMap((parent) => [parent, ...replies(parent).map((message) => ({ ...message, reply: true }))]);
}

function emptyItem(channel) {
  const where = channel?.kind === "dm" ? `your direct messages with ${channel.name}` : `#${channel?.name ?? "nowhere"}`;
  const outside = channel?.kind === "channel" && !channel.member;
  const text = outside ? `${where} is not one of this person's channels.` : `This is the very beginning of ${where}.`;
  return { key: "empty", sig: text, build: () => h("p", { class: "empty" }, text) };
}

/** The app's Home: its blocks, pressed by the view's own id. */
function homeItem(home, read) {
  const press = (payload) => act("press", { view_id: home.id, ...payload });
  const build = () => h("article", { class: "home-page", "aria-label": "Home of legacytls" }, h("h2", { class: "spoken" }, "Home of legacytls"),
    h("div", { class: "blocks" }, home ? renderContent(home.view, { reader: read, press }) : h("p", { class: "empty" }, "Nothing is published yet.")));
  return { key: "home", sig: [JSON.stringify(home?.view ?? null), read.tz, read.me].join(), build };
}

function items(list, read) {
  return list.flatMap((message, index) => {
    const before = list[index - 1];
    const day = isoDay(dateOfTs(message.ts), read.tz);
    const newDay = !message.reply && (!before || isoDay(dateOfTs(before.ts), read.tz) !== day);
    const item = messageItem(message, !newDay && joins(before, message), read);
    return newDay ? [dayItem(message, day, read), item] : [item];
  });
}

const joins = (before, message) => Boolean(before) && before.user === message.user && before.ephemeral === message.ephemeral
  && before.reply === message.reply && Number(message.ts) - Number(before.ts) < GROUPED_WITHIN_S;

function dayItem(message, day, read) {
  const spelt = pretty(dateOfTs(message.ts), read.now, read.tz);
  const text = spelt[0].toUpperCase() + spelt.slice(1);
  const build = () => h("h2", { class: "day" }, h("span", {}, text));
  return { key: `day-${day}-${message.ts}`, sig: text, build };
}

function messageItem(message, grouped, read) {
  const content = JSON.stringify(message);
  const moving = /\{ago\}|_pretty\}/.test(content) ? read.now.toISOString().slice(0, 16) : "";
  const key = message.ts + (message.ephemeral ? "-private" : "");
  return { key, sig: [content, grouped, read.tz, moving, onPhone()].join(), build: () => build(message, grouped, read) };
}

function build(message, grouped, read) {
  const author = store.person(message.user) ?? { id: message.user, name: message.user };
  const surface = { reader: read, press: (payload) => act("press", { channel: store.open, ts: message.ts, ...payload }) };
  const looks = ["message", grouped && "grouped", message.ephemeral && "ephemeral", message.reply && "reply"].filter(Boolean).join(" ");
  const label = `${author.name}, ${clock(dateOfTs(message.ts), read.tz)}`;
  return h("article", { class: looks, tabindex: "-1", "aria-label": label, data: { ts: message.ts } },
    h("div", { class: "gutter" }, grouped ? stamp(message, read) : avatar(author)),
    h("div", { class: "message-body" },
      message.ephemeral ? h("p", { class: "private" }, icon("eye"), "Only visible to you") : null,
      grouped ? null : heading(author, message, read),
      firstOnPhone(message, read),
      h("div", { class: "blocks" }, renderContent(message, surface), message.edited ? h("small", { class: "edited" }, "(edited)") : null),
      reactions(message)),
    message.ephemeral ? null : toolbar(message));
}

function heading(author, message, read) {
  return h("header", { class: "message-head" }, h("strong", { class: "author" }, author.real_name ?? author.name),
    author.is_bot ? h("span", { class: "badge" }, "APP") : h("span", { class: "role" }, roleOf(author)), stamp(message, read));
}

function stamp(message, read) {
  const date = dateOfTs(message.ts);
  return h("time", { class: "stamp", datetime: date.toISOString(), title: full(date, read.tz) }, clock(date, read.tz));
}

const nameOf = (id) => (id === store.as ? "you" : store.person(id)?.name ?? id);
const mine = (message, name) => (message.reactions ?? []).some((reaction) => reaction.name === name && reaction.users.includes(store.as));
const react = (message, name) => act("react", { channel: store.open, ts: message.ts, name, remove: mine(message, name) });

function reactions(message) {
  if (!message.reactions?.length) return null;
  return h("div", { class: "reactions", role: "group", "aria-label": "Reactions" }, message.reactions.map(({ name, users }) => {
    const who = `:${name}: by ${users.map(nameOf).join(", ")}`;
    const held = String(users.includes(store.as));
    return h("button", { type: "button", class: "reaction", title: who, "aria-label": `${users.length} ${who}`, "aria-pressed": held,
      data: { focus: `reaction ${name}`, name }, on: { click: () => react(message, name) } },
    h("span", { class: "emoji" }, emojiOrName(name)), h("span", {}, String(users.length)));
  }));
}

function toolbar(message) {
  const tool = (label, focus, click, picture) =>
    h("button", { type: "button", class: "tool", title: label, "aria-label": label, data: { focus }, on: { click } }, picture);
  const drawn = (name) => h("span", { class: "emoji" }, emojiOrName(name));
  const button = (name) => tool(`React with :${name}:`, `react ${name}`, () => react(message, name), drawn(name));
  const quick = matchMedia("(hover: none)").matches ? [] : QUICK.map(button);
  const choice = (name) => ({ label: emojiOrName(name), title: `:${name}:`, run: () => react(message, name) });
  const more = tool("Another reaction", "react more", () => openMenu(more, "Reactions", MORE.map(choice), "grid"), icon("smile"));
  more.setAttribute("aria-haspopup", "menu");
  const bar = h("div", { class: "toolbar", role: "toolbar", "aria-label": "React" }, quick, more);
  rove(bar, ".tool");
  return bar;
}

/** The name and purpose of the open conversation. */
export function conversationTitle() {
  const channel = store.channel(store.open);
  if (channel?.kind === "home") return [h("h1", {}, icon("lock"), channel.name), h("span", { class: "role" }, "Home")];
  if (channel?.kind !== "dm") return [h("h1", {}, icon("hash"), channel?.name ?? "…")];
  const other = store.person(channel.with);
  const role = other?.is_bot ? "app" : other && roleOf(other);
  return [
    h("h1", {}, other ? avatar(other, "small") : null, other?.real_name ?? channel.name, spoken(" (direct message)")),
    h("span", { class: "role" }, role ?? ""),
  ];
}
