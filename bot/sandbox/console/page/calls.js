// Every cmdlet the simulated tenant received, newest first.

import { h, reconcile } from "./dom.js";
import { reader, store } from "./state.js";
import { clockSeconds, full } from "./time.js";

const SHOWN = 100;
const parts = {};

export function mountCalls(card) {
  parts.list = h("ol", { class: "calls", tabindex: "0", "aria-label": "Cmdlets received, newest first" });
  parts.count = h("span", { class: "card-note" });
  const change = () => renderCalls(store.state.tenant?.calls ?? []);
  parts.writes = h("input", { type: "checkbox", id: "writes-only", on: { change } });
  const filter = h("label", { for: "writes-only" }, parts.writes, " writes only");
  return card("Cmdlets received", h("div", { class: "calls-head" }, parts.count, filter), parts.list);
}

export function renderCalls(calls) {
  const wanted = parts.writes.checked ? calls.filter(({ cmdlet }) => cmdlet.startsWith("Set-")) : calls;
  parts.count.textContent = `${wanted.length} ${wanted.length === 1 ? "call" : "calls"}${wanted.length > SHOWN ? `, newest ${SHOWN} shown` : ""}`;
  const { tz } = reader();
  const newest = wanted.map((call, index) => ({ call, index })).slice(-SHOWN).reverse();
  const item = ({ call, index }) => ({ key: `${call.at} ${index}`, sig: JSON.stringify([call, tz]), build: () => line(call, tz) });
  reconcile(parts.list, newest.map(item));
}

function line(call, tz) {
  const at = new Date(call.at);
  const good = Number(call.status) >= 200 && Number(call.status) < 300;
  return h("li", { class: call.cmdlet.startsWith("Set-") ? "call call-write" : "call" },
    h("div", { class: "call-line" }, h("time", { datetime: call.at, title: full(at, tz) }, clockSeconds(at, tz)),
      h("code", { class: "call-name" }, call.cmdlet),
      h("span", { class: `status ${good ? "status-good" : "status-bad"}` }, String(call.status ?? "no answer"))),
    parameters(call.parameters), effect(call), call.note ? h("small", {}, call.note) : null);
}

function parameters(given) {
  const pairs = Object.entries(given ?? {}).map(([name, value]) => `-${name} ${JSON.stringify(value)}`).join("\n");
  return pairs ? h("code", { class: "call-parameters" }, pairs) : null;
}

function effect(call) {
  if (!call.cmdlet.startsWith("Set-") || call.effective === null || call.effective === undefined) return null;
  return h("small", { class: call.effective ? "effect effect-yes" : "effect" }, call.effective ? "took effect" : "no effect");
}
