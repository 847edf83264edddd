// Searches over the API for the text that is typed and shows the hits. A response
// that arrives after a newer search has begun is dropped.
"use strict";

const box = document.querySelector("input");
const said = document.querySelector("output");
const list = document.querySelector("ol");
const card = document.querySelector("template").content.firstElementChild;
let asked = 0;

async function search() {
  const mine = ++asked;
  let text, hits = [];
  try {
    const answer = await fetch("/v1/search?" + new URLSearchParams({ q: box.value, perPage: 48 }));
    const found = await answer.json();
    text = answer.ok ? count(found) : found.detail;
    hits = answer.ok ? found.hits : [];
  } catch {
    text = "The API does not respond.";
  }
  if (mine !== asked) return;
  said.textContent = text;
  list.replaceChildren(...hits.map(show));
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
