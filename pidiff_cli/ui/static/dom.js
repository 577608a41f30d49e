// What all parts of the page use: elements, requests, questions. A stranger's words (a record, a
// file's name) become text, never markup.

export const $ = (id) => document.getElementById(id);

/** An element: properties, then children; text becomes text. */
export function el(tag, props = {}, ...children) {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(props)) {
    if (value === undefined || value === null) continue;
    if (key === "on") for (const [name, call] of Object.entries(value)) made.addEventListener(name, call);
    else if (key === "data") Object.assign(made.dataset, value);
    else if (key.includes("-") || key === "role" || key === "for") made.setAttribute(key, value);
    else made[key] = value;
  }
  made.append(...children.flat().filter((one) => one !== undefined && one !== null && one !== ""));
  return made;
}

const KEY = "pidiff-token";
const given = new URLSearchParams(location.search).get("token");
if (given) {
  localStorage.setItem(KEY, given);
  history.replaceState(null, "", location.pathname + location.hash);
}

export class Fault extends Error {}

/** The answer of the server; a Fault with a sentence where something cannot be. */
async function ask(path, options = {}) {
  let answer;
  try {
    answer = await fetch(path, {credentials: "same-origin", ...options});
  } catch {
    throw new Fault("The server does not answer. Start it again: pidiff ui");
  }
  if (answer.status === 403) throw new Fault(await answer.text());
  if (!answer.ok) {
    const told = await answer.json().catch(() => ({message: `The server answers ${answer.status}.`, hint: ""}));
    throw new Fault([told.message, told.hint].filter(Boolean).join(" "));
  }
  return answer;
}

export const get = async (path) => (await ask(path)).json();

function posted(path, body, type) {
  const headers = {"x-pidiff-token": localStorage.getItem(KEY) || "", "content-type": type};
  return ask(path, {method: "POST", headers, body});
}
export const post = async (path, body = {}) =>
  (await posted(path, JSON.stringify(body), "application/json")).json();
export const postFile = async (path, file) =>
  (await posted(path, file, "application/octet-stream")).json();
export const postForPicture = async (path, body) =>
  (await posted(path, JSON.stringify(body), "application/json")).blob();

/** Save what an address answers under the name that it says; a Fault where there is nothing. */
export async function save(path) {
  const answer = await ask(path);
  const name = /filename\*=UTF-8''(.+)$/.exec(answer.headers.get("content-disposition") || "");
  const address = URL.createObjectURL(await answer.blob());
  el("a", {href: address, download: name ? decodeURIComponent(name[1]) : ""}).click();
  setTimeout(() => URL.revokeObjectURL(address), 60000);
}

/** One line for who listens to the page instead of looking. */
export function say(words) {
  $("say").textContent = words;
}

/** Show a fault in a form's own place, or take it away. */
export function fault(form, error) {
  const place = form.querySelector("[data-error]");
  place.hidden = !error;
  place.textContent = error ? error.message : "";
  if (error && !(error instanceof Fault)) throw error;
}

/** A form in a dialog: `fields` are elements whose named inputs are what is asked. Resolves to
 * FormData, or null. Nothing of it stays in the page: a passphrase may have been among it. */
export function asking(title, {words = "", fault: told = "", fields = [], act = "OK", danger = false} = {}) {
  const place = $("ask");
  const form = el("form", {method: "dialog", autocomplete: "off"},
    el("h2", {id: "ask-title"}, title), words && el("p", {}, words),
    told && el("p", {className: "warn", role: "alert"}, told), fields,
    el("p", {className: "row"},
      el("button", {value: "yes", className: danger ? "danger" : "main"}, act),
      el("button", {value: "", type: "button", on: {click: () => place.close("")}}, "Cancel")));
  place.replaceChildren(form);
  place.returnValue = "";
  place.showModal();
  (form.querySelector("input:checked, input:not([type=checkbox], [type=file])") || form.querySelector("button[type=button]")).focus();
  return new Promise((done) => place.addEventListener("close", () => {
    const found = place.returnValue === "yes" ? new FormData(form) : null;
    place.replaceChildren();
    done(found);
  }, {once: true}));
}

/** A question in a dialog. Resolves to the text typed (or "yes"), or null. */
export async function question(title, {words = "", label = "", value = "", act = "OK", danger = false} = {}) {
  const fields = label ? [el("label", {for: "ask-input"}, label, " ",
    el("input", {id: "ask-input", name: "text", value, maxLength: 64, autocomplete: "off"}))] : [];
  const found = await asking(title, {words, fields, act, danger});
  return found && (label ? found.get("text").trim() : "yes");
}

export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "";
  if (seconds < 100) return `${Math.max(1, Math.round(seconds))} s`;
  return seconds < 6000 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

/** A kept step of somebody's learning, and how alike its previews are. */
export function stepWords(one) {
  const alike = one.held_out ?? one.likeness;
  return `${one.step}${one.own ? ", draws now" : ""}${alike === null ? "" : `, likeness ${alike.toFixed(2)}`}`;
}

/** Keep the number beside every slider of a form. */
export function sliders(form) {
  for (const range of form.querySelectorAll("input[type=range]")) {
    const out = range.closest("label").querySelector("output");
    const show = () => { out.textContent = Number(range.value).toFixed(2).replace(/\.?0+$/, ""); };
    range.addEventListener("input", show);
    form.addEventListener("reset", () => setTimeout(show));
    show();
  }
}

/** A place that takes one dropped file for its input, as the chooser would. */
export function dropping(place, input) {
  for (const name of ["dragenter", "dragover"]) place.addEventListener(name, (event) => {
    event.preventDefault();
    place.classList.add("over");
  });
  for (const name of ["dragleave", "drop"]) place.addEventListener(name, () => place.classList.remove("over"));
  place.addEventListener("drop", (event) => {
    event.preventDefault();
    input.files = event.dataTransfer.files;
    input.dispatchEvent(new Event("change"));
  });
  return place;
}

/** Say what it means where a form's pictures are not to be marked. */
export function marking(form) {
  const {mark} = form.elements, told = form.querySelector(`#${mark.getAttribute("aria-describedby")}`);
  mark.addEventListener("change", () => { told.hidden = mark.checked; });
}

export function later(call, wait) {
  let timer;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => call(...given), wait);
  };
}
