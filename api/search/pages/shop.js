// Searches over the API for the text that is typed and shows the hits. A response
// that arrives after a newer search has begun is dropped.
"use strict";

const box = document.querySelector("input");
const said = document.querySelector("output");
const list = document.querySelector("ol");
const filters = [...document.querySelectorAll("details")];
const chosen = new Map(filters.map((f) => [f, new Set()]));
const card = document.querySelector("template").content.firstElementChild;
let asked = 0;

async function search() {
  const mine = ++asked;
  let text, found = {};
  try {
    let answer = await fetch("/v1/search?" + query());
    // While the search engine is down there is only a plain list, without filters.
    if (answer.status === 503) answer = await fetch("/v1/search?" + new URLSearchParams({ q: box.value, perPage: 48 }));
    const body = await answer.json();
    text = answer.ok ? count(body) : body.detail;
    if (answer.ok) found = body;
  } catch {
    text = "The API does not respond.";
  }
  if (mine !== asked) return;
  said.textContent = text;
  list.replaceChildren(...(found.hits ?? []).map(show));
  filters.forEach((f) => offer(f, found));
}

function query() {
  const q = new URLSearchParams({ q: box.value, perPage: 48 });
  for (const f of filters) {
    q.append("facet", f.dataset.facet);
    chosen.get(f).forEach((value) => q.append(f.dataset.filter, value));
  }
  return q;
}

// offer lists the values of a filter with the number of products, and says so if
// there are more values.
function offer(filter, found) {
  const { facet } = filter.dataset;
  const counts = Object.entries(found.facets?.[facet] ?? {}).sort(([a, n], [b, m]) => m - n || a.localeCompare(b));
  filter.hidden = counts.length === 0;
  const place = filter.querySelector("div");
  const focused = place.contains(document.activeElement) ? document.activeElement.value : null;
  place.replaceChildren(...counts.map(([value, n]) => choice(filter, value, n)));
  if (found.cutFacets?.includes(facet)) {
    const more = document.createElement("small");
    more.textContent = "There are more; search for words to see fewer.";
    place.append(more);
  }
  [...place.querySelectorAll("button")].find((b) => b.value === focused)?.focus();
}

function choice(filter, value, n) {
  const values = chosen.get(filter), button = document.createElement("button");
  button.type = "button";
  button.value = value;
  button.textContent = value + " (" + n + ")";
  button.setAttribute("aria-pressed", values.has(value));
  button.addEventListener("click", () => {
    if (!values.delete(value)) values.add(value);
    search();
  });
  return button;
}

function count(found) {
  const n = found.total === 1 ? "1 product" : found.total + " products";
  return found.degraded ? n + ": a plain list, the search engine is down" : n + " in " + found.tookMs + " ms";
}

function show(hit) {
  const item = card.cloneNode(true);
  const image = item.querySelector("img");
  const address = (hit.images ?? [])[0];
  if (address) {
    image.src = address;
    image.alt = hit.name;
  } else {
    image.remove();
  }
  item.querySelector("b").textContent = hit.name;
  item.querySelector(".price").textContent = money(hit);
  item.querySelector(".stock").textContent = hit.available > 0 ? hit.available + " in stock" : "sold out";
  item.querySelector("code").textContent = hit.sku;
  const button = item.querySelector(".buy"); // only where shop-buy.js is
  if (button) {
    button.disabled = hit.available < 1;
    button.addEventListener("click", () => buy(hit));
  }
  return item;
}

// money formats a price in minor units. The number of decimals comes from the API,
// because the browser's own table differs from the provider's.
function money({ price, currency, decimals }) {
  const digits = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
  return new Intl.NumberFormat(undefined, { style: "currency", currency, ...digits }).format(price / 10 ** decimals);
}

box.addEventListener("input", search);
search();
