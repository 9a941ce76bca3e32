// The right side: the simulated tenant as it is, and the ways to change it that go round the bot.

import { h, icon } from "./dom.js";
import { mountCalls, renderCalls } from "./calls.js";
import { mountBot, mountClock, mountFaults, renderBot, renderClock, renderFaults } from "./controls.js";
import { act, arrange, store } from "./state.js";

const VALUES = [
  { value: null, word: "not set", icon: "unset", look: "unset", says: "Nobody has decided yet; TLS 1.0 and 1.1 are refused." },
  { value: true, word: "opted in", icon: "unlock", look: "in", says: "TLS 1.0 and 1.1 are accepted on the legacy hosts." },
  { value: false, word: "opted out", icon: "lock", look: "out", says: "TLS 1.0 and 1.1 are refused everywhere." },
];
const parts = {};

export const card = (title, ...children) => h("section", { class: "card", "aria-label": title }, h("h3", {}, title), children);

/** Build the frame once; `renderTenant` fills it. `onClose` is called where the panel is a drawer. */
export function mountTenant(place, onClose) {
  parts.value = h("output", { class: "live", "aria-live": "polite" });
  parts.facts = h("p", { class: "card-note" });
  parts.outsideTitle = h("p", { class: "card-note", id: "outside-title" });
  parts.outside = VALUES.map(({ value, word, look }) => h("button", { type: "button", class: `segment segment-${look}`, "aria-pressed": "false",
    on: { click: () => act("tenant", { value }) } }, word));
  const smtp = () => arrange("smtp_auth", { disabled: !parts.smtp.checked });
  parts.smtp = h("input", { type: "checkbox", role: "switch", id: "smtp-auth", on: { change: smtp } });
  parts.smtpWords = h("small", {});
  parts.others = card("Other tenants", parts.otherValues = h("ul", { class: "others" }));
  parts.body = h("div", { class: "tenant-body" },
    card("Live value", parts.value, h("div", { class: "segments", role: "group", "aria-labelledby": "outside-title" },
      parts.outsideTitle, h("div", { class: "segment-row" }, parts.outside)), parts.facts),
    card("Organisation", h("label", { class: "switch", for: "smtp-auth" }, h("span", {}, "SMTP AUTH allowed", parts.smtpWords), parts.smtp)),
    parts.others, mountFaults(card));
  parts.gone = h("p", { class: "empty", hidden: true }, "This sandbox runs without a simulated tenant.");
  place.append(
    h("header", { class: "tenant-head" }, h("h2", {}, "Contoso · Exchange Online"), h("span", { class: "badge" }, "simulated"),
      h("button", { type: "button", class: "button-bare tenant-close", "aria-label": "Close the tenant panel", on: { click: onClose } },
        icon("close"))),
    h("div", { class: "tenant-scroll" }, parts.gone, parts.body, mountClock(card), mountBot(card), mountCalls(card)));
}

export function renderTenant() {
  const tenant = store.state.tenant;
  parts.body.hidden = !tenant;
  parts.gone.hidden = Boolean(tenant);
  if (tenant) renderValue(tenant);
  renderOthers(store.state.others ?? []);
  if (tenant) renderFaults(tenant);
  renderClock();
  renderBot();
  renderCalls(tenant?.calls ?? []);
}

function renderValue(tenant) {
  const now = VALUES.find(({ value }) => value === (tenant.value ?? null));
  const sig = now.word;
  if (parts.value.dataset.sig !== sig) {
    parts.value.className = `live live-${now.look}`;
    parts.value.dataset.sig = sig;
    parts.value.replaceChildren(icon(now.icon), h("span", { class: "live-word" }, now.word),
      h("code", {}, `AllowLegacyTLSClients: ${JSON.stringify(now.value)}`), h("small", {}, now.says));
  }
  parts.outsideTitle.textContent = `Change it outside the bot, as ${store.me.name}`;
  parts.outside.forEach((button, index) => button.setAttribute("aria-pressed", String(VALUES[index] === now)));
  parts.smtp.checked = tenant.smtp_auth_disabled === false;
  parts.smtpWords.textContent = `SmtpClientAuthenticationDisabled: ${JSON.stringify(tenant.smtp_auth_disabled ?? null)}`;
  parts.facts.textContent = [tenant.organization, tenant.lag ? `writes show after ${tenant.lag} s` : ""].filter(Boolean).join(" · ");
}

/** What else the bot keeps: each has its own channel, and is changed there. */
function renderOthers(others) {
  const sig = JSON.stringify(others);
  if (parts.others.dataset.sig === sig) return;
  parts.others.dataset.sig = sig;
  parts.others.hidden = others.length === 0;
  parts.otherValues.replaceChildren(...others.map((one) => h("li", {}, h("span", {}, one.organization),
    h("strong", {}, VALUES.find(({ value }) => value === (one.value ?? null)).word))));
}

/** The one word for the live value, for the header of a small screen. */
export function liveWord() {
  return store.state.tenant ? VALUES.find(({ value }) => value === (store.state.tenant.value ?? null)) : null;
}
