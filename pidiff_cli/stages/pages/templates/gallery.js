"use strict";
// Records may come from strangers: their words reach the page as text only (textContent, value).
const $ = (id) => document.getElementById(id);
const all = JSON.parse($("data").textContent).pictures;
const filter = $("filter"), grid = $("grid"), large = $("large"), change = $("change");
const CHUNK = 60; // cards made at once; more come when the end of the page comes near
const KEYS = ["q", "sort", "who", "seed", "like", "from", "to", "kind"];
const windows = /^Win/.test(navigator.platform);
let chosen = [], made = 0, turned = false, current = null;

function element(tag, words, name) {
  const made = document.createElement(tag);
  if (words !== undefined) made.textContent = words;
  if (name) made.className = name;
  return made;
}

const two = (number) => String(number).padStart(2, "0");
function day(item) {
  const date = new Date(item.date * 1000);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}
const moment = (item) => new Date(item.date * 1000).toLocaleString();
const alike = (item) => (item.likeness === null ? "" : item.likeness.toFixed(2));
const title = (item) => item.prompt || item.file;

for (const item of all) {
  item.day = day(item);
  item.text = [item.prompt, item.full, item.file, item.who].join("\n").toLowerCase();
}

// --- sort and filter ---

const ORDERS = {
  date: (a, b) => b.date - a.date,
  likeness: (a, b) => (b.likeness ?? -2) - (a.likeness ?? -2),
  prompt: (a, b) => last(a.prompt, b.prompt) || number(a.seed, b.seed),
  seed: (a, b) => last(a.seed, b.seed) || number(a.seed, b.seed),
  who: (a, b) => last(a.who, b.who) || b.date - a.date,
  file: (a, b) => a.file.localeCompare(b.file, undefined, {numeric: true}),
};
// Text in order, what has none at the end.
function last(a, b) {
  if (!a || !b) return a ? -1 : b ? 1 : 0;
  return /^-?\d+$/.test(a) && /^-?\d+$/.test(b) ? number(a, b) : a.localeCompare(b);
}
function number(a, b) {
  const x = BigInt(a || 0), y = BigInt(b || 0);
  return x < y ? -1 : x > y ? 1 : 0;
}

function value(key) { return filter.elements[key].value.trim(); }

function fits(item) {
  const low = parseFloat(value("like"));
  return value("q").toLowerCase().split(/\s+/).every((word) => item.text.includes(word))
    && (!value("who") || item.who === value("who")) && (!value("kind") || item.kind === value("kind"))
    && (!value("seed") || item.seed === value("seed"))
    && (Number.isNaN(low) || (item.likeness !== null && item.likeness >= low))
    && (!value("from") || item.day >= value("from")) && (!value("to") || item.day <= value("to"));
}

function show() {
  chosen = all.filter(fits).sort((a, b) => ORDERS[value("sort")](a, b) || b.date - a.date);
  if (turned) chosen.reverse();
  $("order").setAttribute("aria-pressed", turned);
  grid.replaceChildren();
  made = 0;
  grow();
  const some = chosen.length === all.length ? "" : `${chosen.length} of `;
  $("count").textContent = some + told;
  $("none").hidden = chosen.length > 0;
}
const told = $("count").textContent;

function grow() {
  grid.append(...chosen.slice(made, made + CHUNK).map(card));
  made = Math.min(made + CHUNK, chosen.length);
}

function card(item) {
  const place = element("li"), button = element("button", undefined, `card ${item.kind}`);
  const image = element("img");
  image.loading = "lazy";
  image.decoding = "async";
  image.alt = "";
  image.src = item.thumb;
  const facts = [item.likeness === null ? "" : `likeness ${alike(item)}`,
    item.seed && `seed ${item.seed}`, item.who];
  if (item.kind === "other") facts.push("no record");
  if (item.kind === "mix") facts.push("style mix");
  button.type = "button";
  button.append(image, element("span", title(item), "words"),
    element("span", facts.filter(Boolean).join(" · "), "facts"));
  button.addEventListener("click", () => enlarge(item));
  place.append(button);
  return place;
}

new IntersectionObserver((seen) => {
  if (seen.some((one) => one.isIntersecting) && made < chosen.length) grow();
}, {rootMargin: "1200px"}).observe($("end"));

// --- what is shown stands in the address, so that it can be kept and sent ---

function remember() {
  const words = new URLSearchParams();
  for (const key of KEYS) if (value(key) && value(key) !== "date") words.set(key, value(key));
  if (turned) words.set("turned", "1");
  if (current) words.set("open", current.key);
  try {
    history.replaceState(null, "", `#${words}`);
  } catch { /* some browsers refuse it for files */ }
}

function recall() {
  const words = new URLSearchParams(location.hash.slice(1));
  for (const key of KEYS) {
    const field = filter.elements[key];
    const known = field.tagName !== "SELECT" || [...field.options].some((o) => o.value === words.get(key));
    if (words.has(key) && known) field.value = words.get(key);
  }
  turned = words.has("turned");
  $("more").open = ["who", "seed", "like", "from", "to", "kind"].some((key) => value(key));
  show();
  const item = all.find((one) => one.key === words.get("open"));
  if (item) enlarge(item);
}

// --- one picture, large ---

function enlarge(item) {
  current = item;
  const picture = $("picture");
  $("large-title").textContent = title(item);
  $("copy-note").hidden = true;
  picture.alt = title(item);
  picture.onerror = () => {
    picture.onerror = null;
    picture.src = item.thumb;
    $("copy-note").hidden = false;
  };
  picture.src = item.href;
  $("original").href = item.href;
  record(item);
  const drawn = item.kind === "drawn" && item.typed;
  $("again").hidden = !drawn;
  $("why").textContent = drawn ? "" : why(item);
  if (drawn) fields(item);
  const place = chosen.indexOf(item);
  $("prev").disabled = place <= 0;
  $("next").disabled = place < 0 || place >= chosen.length - 1;
  if (!large.open) large.showModal();
  remember();
}

function why(item) {
  if (item.kind === "mix") return "Made by stylemix. Mix again: pidiff stylemix A B";
  if (item.kind === "drawn") return "The name of this file cannot be typed; rename it, then: pidiff again FILE";
  return "It holds no record of how it was drawn: another program made it, or saved it anew.";
}

function record(item) {
  const rows = {prompt: item.prompt, "as the base read it": item.full === item.prompt ? "" : item.full,
    person: item.who, seed: item.seed, likeness: alike(item) && `${alike(item)} with the person's photos`,
    ...(item.kind === "drawn" ? {} : item.settings), ...item.more, file: item.file, date: moment(item)};
  $("record").replaceChildren();
  for (const [key, words] of Object.entries(rows)) {
    if (words) $("record").append(element("dt", key.replace("_", " ")), element("dd", words));
  }
}

function step(by) {
  const item = chosen[chosen.indexOf(current) + by];
  if (item && chosen.includes(current)) enlarge(item);
}

large.addEventListener("close", () => {
  const place = chosen.indexOf(current);
  current = null;
  remember();
  while (place >= made) grow();
  if (place >= 0) grid.children[place].firstChild.focus();
});
large.addEventListener("click", (event) => { if (event.target === large) large.close(); });

// --- the command ---

function fields(item) {
  change.reset();
  $("settings").replaceChildren();
  change.elements.prompt.defaultValue = item.prompt;
  change.elements.seed.defaultValue = item.seed;
  for (const [key, words] of Object.entries(item.settings)) {
    const label = element("label", `${key.replace("_", " ")} `), input = element("input");
    input.name = key;
    input.defaultValue = words;
    label.append(input);
    $("settings").append(label);
  }
  command();
}

// Shells read nothing between single quotes; PowerShell doubles one that is meant, others leave.
function quoted(words) {
  if (/^[\w+=:.\/-]+$/.test(words)) return words;
  return `'${words.replaceAll("'", windows ? "''" : "'\\''")}'`;
}
// Signs that a terminal would obey must not be pasted.
const line = (words) => words.replace(/\s+/g, " ").replace(/[\p{Cc}\p{Cs}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, "");

function path(item) {
  const address = new URL(item.href, location.href);
  const there = decodeURIComponent(address.pathname);
  if (address.protocol !== "file:") return decodeURIComponent(item.href);
  return /^\/[A-Za-z]:/.test(there) ? there.slice(1).replaceAll("/", "\\") : there;
}

function command() {
  const parts = ["pidiff again", quoted(line(path(current)))];
  for (const field of change.elements) {
    const changed = field.value.trim() !== field.defaultValue.trim();
    field.classList.toggle("changed", changed);
    if (changed) parts.push("--set", quoted(`${field.name}=${line(field.value.trim())}`));
  }
  $("command").textContent = parts.join(" ");
}

async function copy() {
  let done = true;
  try {
    await navigator.clipboard.writeText($("command").textContent);
  } catch {
    getSelection().selectAllChildren($("command"));
    done = document.execCommand("copy");
  }
  $("copy").textContent = done ? "Copied" : "Press Ctrl+C";
  setTimeout(() => { $("copy").textContent = "Copy"; }, 2000);
}

// --- keys ---

function columns() {
  const cards = [...grid.children];
  const next = cards.findIndex((one) => one.offsetTop > cards[0].offsetTop);
  return next < 0 ? cards.length : next;
}

function walk(event) {
  const place = [...grid.children].indexOf(event.target.closest("li"));
  const by = {ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns(), ArrowDown: columns(),
    Home: -place, End: chosen.length - 1 - place}[event.key];
  if (by === undefined || place < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
  const to = place + by;
  if (to < 0 || to >= chosen.length) return;
  event.preventDefault();
  while (to >= made) grow();
  grid.children[to].firstChild.focus();
}

document.addEventListener("keydown", (event) => {
  const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
  if (large.open && !typing && event.key === "ArrowLeft") step(-1);
  if (large.open && !typing && event.key === "ArrowRight") step(1);
  if (!large.open && !typing && event.key === "/") {
    event.preventDefault();
    filter.elements.q.focus();
  }
});

const people = [...new Set(all.map((item) => item.who).filter(Boolean))].sort();
for (const who of people) {
  const option = element("option", who);
  option.value = who;
  filter.elements.who.append(option);
}
$("shell").textContent = windows ? "It is written for PowerShell." : "";
grid.addEventListener("keydown", walk);
filter.addEventListener("submit", (event) => event.preventDefault());
filter.addEventListener("input", () => { show(); remember(); });
filter.addEventListener("reset", () => setTimeout(() => { turned = false; show(); remember(); }));
change.addEventListener("input", command);
change.addEventListener("submit", (event) => event.preventDefault());
$("order").addEventListener("click", () => { turned = !turned; show(); remember(); });
$("all").addEventListener("click", () => filter.reset());
$("prev").addEventListener("click", () => step(-1));
$("next").addEventListener("click", () => step(1));
$("close").addEventListener("click", () => large.close());
$("copy").addEventListener("click", copy);
$("undo").addEventListener("click", () => { change.reset(); command(); });
addEventListener("hashchange", recall);
recall();
