// Slack's mrkdwn as DOM nodes. Only what Slack marks up is marked up; everything else is text.

import { h } from "./dom.js";
import { emoji, withEmoji } from "./emoji.js";
import { full, slackDate } from "./time.js";

const TOKEN = /<([^<>\n]+)>|`([^`\n]+)`|:([a-z0-9_+'-]+(?:::skin-tone-[2-6])?):|[*_~]/g;
const TAGS = { "*": "strong", _: "em", "~": "s" };
const WORD = /[\p{L}\p{N}]/u;

/** The three entities Slack escapes, read once: `&amp;lt;` stays `&lt;`. */
export const unescape = (text) => text.replace(/&(amp|lt|gt);/g, (_, name) => ({ amp: "&", lt: "<", gt: ">" })[name]);

/** Nodes for `text`; `reader` is {tz, now, me, person(id), group(id), channel(id), open(id)}. */
export function mrkdwn(text, reader) {
  const out = document.createDocumentFragment();
  const pieces = String(text ?? "").split("```");
  pieces.forEach((piece, index) => {
    const fenced = index % 2 === 1;
    if (fenced && index < pieces.length - 1) out.append(h("pre", {}, unescape(piece.replace(/^\n|\n$/g, ""))));
    else lines(fenced ? "```" + piece : piece, reader, out, { afterBlock: index > 0, beforeBlock: index < pieces.length - 1 });
  });
  return out;
}

function lines(text, reader, out, { afterBlock, beforeBlock }) {
  let body = afterBlock ? text.replace(/^\n/, "") : text;
  if (beforeBlock) body = body.replace(/\n$/, "");
  for (const run of runs(body.split("\n"))) {
    const place = run.quoted ? h("blockquote") : out;
    inline(run.lines.join("\n"), reader, place);
    if (run.quoted) out.append(place);
  }
}

/** Consecutive quoted or unquoted lines; `>>>` quotes all that follows. A line break next to a quote is the quote's own. */
function runs(all) {
  const found = [];
  let rest = false;
  for (const line of all) {
    const mark = rest ? null : /^((?:&gt;|>){3}|&gt;|>) ?/.exec(line);
    const quoted = rest || Boolean(mark);
    rest ||= Boolean(mark) && /^(?:&gt;|>){3}/.test(mark[1]);
    if (found.at(-1)?.quoted !== quoted) found.push({ quoted, lines: [] });
    found.at(-1).lines.push(mark ? line.slice(mark[0].length) : line);
  }
  return found;
}

function inline(text, reader, out) {
  let at = 0;
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(text); match; match = TOKEN.exec(text)) {
    const made = token(text, match, reader);
    if (!made) continue;
    if (match.index > at) out.append(unescape(text.slice(at, match.index)));
    out.append(made.node);
    at = TOKEN.lastIndex = made.end;
  }
  if (at < text.length) out.append(unescape(text.slice(at)));
}

function token(text, match, reader) {
  const end = match.index + match[0].length;
  if (match[1]) return { node: angled(match[1], reader), end };
  if (match[2]) return { node: h("code", {}, unescape(match[2])), end };
  if (match[3]) return emoji(match[3]) ? { node: drawn(match[3]), end } : null;
  return styled(text, match.index, reader);
}

const drawn = (name) => h("span", { class: "emoji", role: "img", "aria-label": name.replaceAll("_", " "), title: `:${name}:` }, emoji(name));

function styled(text, start, reader) {
  const end = closing(text, start);
  if (end < 0) return null;
  const node = h(TAGS[text[start]]);
  const keep = TOKEN.lastIndex;
  inline(text.slice(start + 1, end), reader, node);
  TOKEN.lastIndex = keep;
  return { node, end: end + 1 };
}

/** Where the mark at `start` is closed, on the same line and outside links and code; -1 when it is only a character. */
function closing(text, start) {
  const mark = text[start];
  if (WORD.test(text[start - 1] ?? " ") || /\s|^$/.test(text[start + 1] ?? "")) return -1;
  for (let at = start + 1; at < text.length && text[at] !== "\n"; at += 1) {
    if (text[at] === "<") at = Math.max(at, text.indexOf(">", at));
    else if (text[at] === "`") at = Math.max(at, text.indexOf("`", at + 1));
    else if (text[at] === mark && at > start + 1 && text[at - 1] !== " " && !WORD.test(text[at + 1] ?? " ")) return at;
  }
  return -1;
}

function angled(body, reader) {
  const [target, ...rest] = body.split("|");
  const label = rest.length ? unescape(rest.join("|")) : null;
  if (target.startsWith("@")) return userPill(target.slice(1), reader, label);
  if (target.startsWith("#")) return channelPill(target.slice(1), reader, label);
  if (target.startsWith("!")) return special(target.slice(1), label, reader);
  return link(unescape(target), label === null ? null : withEmoji(label)) ?? document.createTextNode(unescape(`<${body}>`));
}

export function userPill(id, reader, label = null) {
  const name = reader.person(id)?.name ?? label ?? id;
  return h("span", { class: `pill${id === reader.me ? " pill-me" : ""}`, title: id }, `@${name}`);
}

function channelPill(id, reader, label = null) {
  const channel = reader.channel(id);
  const text = `#${channel?.name ?? label ?? id}`;
  return channel ? h("button", { class: "pill", type: "button", on: { click: () => reader.open(id) } }, text) : h("span", { class: "pill" }, text);
}

function groupPill(id, reader, label = null) {
  const handle = reader.group(id)?.handle ?? label?.replace(/^@/, "") ?? id;
  return h("span", { class: "pill", title: id }, `@${handle}`);
}

function special(command, label, reader) {
  if (command.startsWith("subteam^")) return groupPill(command.slice(8), reader, label);
  if (command.startsWith("date^")) return dated(command.slice(5), label, reader);
  return h("span", { class: "pill pill-all" }, `@${label?.replace(/^@/, "") ?? command}`);
}

function dated(body, fallback, reader) {
  const [epoch, pattern = "", address] = body.split("^");
  const date = new Date(Number(epoch) * 1000);
  const text = slackDate(epoch, unescape(pattern), reader) ?? fallback ?? body;
  if (Number.isNaN(date.getTime())) return document.createTextNode(text);
  const node = h("time", { datetime: date.toISOString(), title: full(date, reader.tz) }, text);
  const around = address && link(unescape(address), "");
  if (around) around.append(node);
  return around || node;
}

/** A link that leaves the page, for addresses a reader may safely follow; null for any other. */
export function link(address, label) {
  if (!/^(https?:\/\/|mailto:|tel:)/i.test(address)) return null;
  return h("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, label ?? address.replace(/^(mailto|tel):/i, ""));
}
