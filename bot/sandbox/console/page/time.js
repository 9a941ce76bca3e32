// Dates as people read them: in the picked person's time zone, against the sandbox's clock rather than the browser's.

const formats = new Map();

function format(tz, options) {
  const key = tz + JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, build(tz, options));
  return formats.get(key);
}

function build(tz, options) {
  try {
    return new Intl.DateTimeFormat("en-GB", { timeZone: tz || "UTC", ...options });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", ...options });
  }
}

function parts(date, tz) {
  const options = { year: "numeric", month: "long", day: "numeric", weekday: "long" };
  return Object.fromEntries(format(tz, options).formatToParts(date).map(({ type, value }) => [type, value]));
}

export const clock = (date, tz) => format(tz, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(date);
export const clockSeconds = (date, tz) => format(tz, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" }).format(date);
export const isoDay = (date, tz) => format(tz, { year: "numeric", month: "2-digit", day: "2-digit" }).format(date).split("/").reverse().join("-");
export const full = (date, tz) => `${longDay(date, tz)}, ${clockSeconds(date, tz)} (${tz || "UTC"})`;
export const tersely = (date, tz) => format(tz, { weekday: "short", day: "numeric", month: "short", year: "numeric" }).format(date);
const shortDay = (date, tz) => { const p = parts(date, tz); return `${p.month.slice(0, 3)} ${p.day}, ${p.year}`; };

function plainDay(date, tz) {
  const p = parts(date, tz);
  return `${p.month} ${ordinal(Number(p.day))}, ${p.year}`;
}

export function longDay(date, tz) {
  return `${parts(date, tz).weekday}, ${plainDay(date, tz)}`;
}

function ordinal(day) {
  const teen = day % 100 >= 11 && day % 100 <= 13;
  return day + (teen ? "th" : { 1: "st", 2: "nd", 3: "rd" }[day % 10] ?? "th");
}

/** Seconds until it is `time` in `tz` from Monday to Friday; looked for minute by minute, so that no change of the hour is missed. */
export function untilNext(now, tz, time) {
  const weekday = (date) => format(tz, { weekday: "short" }).format(date);
  const at = new Date(Math.floor(now.getTime() / 60_000) * 60_000);
  do at.setTime(at.getTime() + 60_000); while (clock(at, tz) !== time || ["Sat", "Sun"].includes(weekday(at)));
  return (at - now) / 1000;
}

/** "today", "yesterday", "tomorrow", or what `otherwise` says of the day. */
export function pretty(date, now, tz, otherwise = longDay) {
  const days = (Date.parse(isoDay(date, tz)) - Date.parse(isoDay(now, tz))) / 86_400_000;
  return { 0: "today", "-1": "yesterday", 1: "tomorrow" }[days] ?? otherwise(date, tz);
}

export function ago(date, now) {
  const seconds = Math.round((date - now) / 1000);
  const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
  for (const [unit, size] of [["day", 86_400], ["hour", 3_600], ["minute", 60]]) {
    if (Math.abs(seconds) >= size) return relative.format(Math.trunc(seconds / size), unit);
  }
  return relative.format(seconds, "second");
}

// Slack's tokens: docs.slack.dev/messaging/formatting-message-text, "Date formatting".
const TOKENS = {
  date_num: (date, { tz }) => isoDay(date, tz),
  date_slash: (date, { tz }) => isoDay(date, tz).replaceAll("-", "/"),
  date: (date, { tz }) => plainDay(date, tz),
  date_long: (date, { tz }) => longDay(date, tz),
  date_short: (date, { tz }) => shortDay(date, tz),
  date_pretty: (date, { tz, now }) => pretty(date, now, tz, plainDay),
  date_long_pretty: (date, { tz, now }) => pretty(date, now, tz, longDay),
  date_short_pretty: (date, { tz, now }) => pretty(date, now, tz, shortDay),
  time: (date, { tz }) => clock(date, tz),
  time_secs: (date, { tz }) => clockSeconds(date, tz),
  ago: (date, { now }) => ago(date, now),
};

/** The body of `<!date^epoch^format…>` for this reader; null when the format names a token nobody knows. */
export function slackDate(epoch, pattern, reader) {
  const date = new Date(Number(epoch) * 1000);
  if (Number.isNaN(date.getTime())) return null;
  let known = true;
  const text = pattern.replace(/\{(\w+)\}/g, (all, name) => {
    known &&= Object.hasOwn(TOKENS, name);
    return known ? TOKENS[name](date, reader) : all;
  });
  return known ? text : null;
}

export const dateOfTs = (ts) => new Date(Number(ts) * 1000);
