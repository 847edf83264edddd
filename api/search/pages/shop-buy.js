// Sells one piece of a product: it places an order over the shop's backend, and pays it
// at the sandbox's Stripe with the client secret, as Stripe.js does at a real shop.
"use strict";

const checkout = document.querySelector("dialog");
const form = checkout.querySelector("form");
const trouble = checkout.querySelector(".trouble");
const orderLine = document.querySelector(".order");
const names = { card: "Card", ideal: "iDEAL", bancontact: "Bancontact", eps: "EPS", sepa_debit: "SEPA debit" };
const ends = ["delivered", "cancelled", "expired", "refused", "returned", "paid", "shipped"];
let sale = null, followed = "";

// buy places the order, and asks how it is to be paid.
async function buy(hit) {
  followed = "";
  tell("Placing the order …");
  try {
    sale = await ask("/shop/orders", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ sku: hit.sku, currency: hit.currency }) });
    const intent = await stripe("", "GET", new URLSearchParams());
    form.type.replaceChildren(...intent.payment_method_types.map((t) => new Option(names[t] ?? t, t)));
  } catch (problem) {
    tell(problem.message);
    return;
  }
  orderLine.hidden = true;
  trouble.textContent = "";
  checkout.querySelector("h2").textContent = hit.name;
  checkout.querySelector(".total").textContent = sale.total + ", order " + sale.order;
  choose();
  checkout.showModal();
}

// choose shows the fields that a way to pay needs.
function choose() {
  checkout.querySelector(".card").hidden = form.type.value !== "card";
  checkout.querySelector(".debit").hidden = form.type.value !== "sepa_debit";
}

// pay confirms the payment, and follows the shopper to the bank's page if it asks.
async function pay(event) {
  event.preventDefault();
  trouble.textContent = "";
  try {
    const intent = await stripe("/confirm", "POST", method());
    const bank = intent.next_action?.redirect_to_url?.url;
    if (bank) {
      location.assign(bank);
      return;
    }
    checkout.close();
    follow(sale.order);
  } catch (problem) {
    trouble.textContent = problem.message;
  }
}

// method returns the parameters of the chosen way to pay.
function method() {
  const data = "payment_method_data", p = new URLSearchParams({ return_url: sale.returnUrl });
  p.set(data + "[type]", form.type.value);
  if (form.type.value === "card") {
    const [month, year] = form.expiry.value.split("/").map((s) => s.trim());
    const card = { number: form.number.value, exp_month: month, exp_year: year ?? "", cvc: form.cvc.value };
    for (const [k, v] of Object.entries(card)) if (v) p.set(data + "[card][" + k + "]", v);
    return p;
  }
  p.set(data + "[billing_details][name]", "Sam Shopper");
  p.set(data + "[billing_details][email]", "sam@shop.example");
  if (form.type.value === "sepa_debit") {
    p.set(data + "[sepa_debit][iban]", form.iban.value);
    p.set("mandate_data[customer_acceptance][type]", "online");
    p.set("mandate_data[customer_acceptance][online][infer_from_client]", "true");
  }
  return p;
}

function stripe(path, verb, params) {
  params.set("client_secret", sale.clientSecret);
  const address = checkout.dataset.stripe + "/v1/payment_intents/" + sale.clientSecret.split("_secret_")[0] + path;
  const headers = { Authorization: "Bearer " + checkout.dataset.key };
  return verb === "GET" ? ask(address + "?" + params, { headers }) : ask(address, { method: verb, headers, body: params });
}

// ask returns a response, or throws an error with the reason in words.
async function ask(address, options) {
  let answer;
  try {
    answer = await fetch(address, options);
  } catch {
    throw new Error("No response. Please try again.");
  }
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.error?.message ?? body.detail);
  return body;
}

// follow shows what becomes of the order, until it is paid or will never be.
async function follow(id) {
  followed = id;
  for (let n = 0; n < 120; n++) {
    try {
      const { status } = await ask("/shop/orders/" + encodeURIComponent(id), {});
      if (followed !== id) return; // the shopper buys something else
      tell("Order " + id + " is " + status.replaceAll("_", " ") + ".");
      if (ends.includes(status)) return;
    } catch (problem) {
      tell(problem.message);
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

function tell(text) {
  orderLine.hidden = false;
  orderLine.textContent = text;
}

form.addEventListener("submit", pay);
form.type.addEventListener("change", choose);
checkout.querySelector(".later").addEventListener("click", () => checkout.close());
const back = new URLSearchParams(location.search).get("order"); // from the bank's page
if (back) follow(back);
