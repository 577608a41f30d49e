// One picture: as a card, and large with its record, to draw again, to save, to compare, to delete.
import {$, el, Fault, get, marking, post, question} from "./dom.js";
import {foremost} from "./jobs.js";

let world, picked = null, now = new Set();

export function startPictures(given) {
  if (world) return;
  world = given;
  world.on("people", pictures);
  world.on("shown", (part) => { if (part === "draw") pictures(); });
  world.on("jobs", fresh);
  $("large").addEventListener("keydown", (event) => {
    const turn = {ArrowLeft: "before", ArrowRight: "after"}[event.key];
    if (turn && !event.target.closest("input, textarea")) $("large").querySelector(`[data-turn=${turn}]`)?.click();
  });
}

/** What the newest job has drawn stands above; all pictures are those beside. */
function fresh() {
  const job = foremost(world, "draw");
  const ids = new Set((job?.pictures || []).map((one) => one.id));
  if (ids.size === now.size && [...ids].every((id) => now.has(id))) return;
  now = ids;
  pictures();
}

async function pictures() {
  const found = await get("api/pictures").catch(() => null);
  if (!found) return;
  const rows = found.pictures.filter((one) => !now.has(one.id));
  $("pictures").replaceChildren(...rows.map((one) => card(one, rows)));
  $("all-pictures").textContent = now.size ? "Earlier pictures" : "Pictures";
  if (!rows.length) $("pictures").append(el("li", {className: "note"}, now.size ? "None yet." : "No picture yet."));
}

/** A setting as the page calls it. */
const called = (key) => (key === "identity_scale" ? "strength" : key.replaceAll("_", " "));

const facts = (one, brief) => [one.likeness !== null && `likeness ${one.likeness.toFixed(2)}`,
  one.seed && `seed ${one.seed}`, !brief && one.who].filter(Boolean).join(" · ");

/** A small picture that opens large; `rows` are those that it stands among, `brief` where all show one person. */
export function card(one, rows = [one], brief = false) {
  return el("li", {}, el("button", {type: "button", className: "card", on: {click: () => opened(one, rows)}},
    el("img", {src: `pictures/${one.id}?small&${one.version}`, alt: "", loading: "lazy"}),
    el("span", {className: "words"}, one.prompt || one.file), el("span", {className: "facts"}, facts(one, brief))));
}

function opened(one, rows) {
  if (picked && picked.id !== one.id) compare(picked, one);
  else openPicture(one, rows);
}

function pick(one) {
  picked = one;
  $("picked").textContent = one ? "Now choose the other picture." : "";
}

const large = (one) => el("img", {src: `pictures/${one.id}?${one.version}`, alt: one.prompt || one.file});
const bar = (title, turns = "") => el("div", {className: "bar"}, el("h2", {id: "large-title", tabIndex: -1}, title),
  turns, el("button", {type: "button", "aria-label": "Close (Escape)", on: {click: () => $("large").close()}}, "✕"));

function compare(one, other) {
  pick(null);
  const side = (p) => el("figure", {}, large(p), el("figcaption", {}, `${p.prompt || p.file} · ${facts(p)}`), record(p));
  show(bar("Side by side"), el("div", {className: "both even"}, side(one), side(other)));
}

function show(...parts) {
  $("large").replaceChildren(...parts);
  if (!$("large").open) $("large").showModal();
  $("large-title").focus();
}

/** To the picture before and after, where there are several. */
function turns(one, rows) {
  const at = rows.findIndex((row) => row.id === one.id);
  const turn = (way, label, sign, row) => el("button", {type: "button", data: {turn: way}, disabled: !row,
    "aria-label": label, on: {click: () => openPicture(row, rows)}}, sign);
  return rows.length < 2 ? "" : [turn("before", "Picture before (left arrow)", "‹", rows[at - 1]),
    turn("after", "Next picture (right arrow)", "›", rows[at + 1])];
}

export function openPicture(one, rows = [one]) {
  const act = (label, call, more = {}) => el("button", {type: "button", ...more, on: {click: call}}, label);
  show(bar(one.prompt || one.file, turns(one, rows)), el("div", {className: "both"},
    el("div", {className: "shown"}, large(one)),
    el("div", {className: "told"}, record(one),
      el("p", {className: "row"},
        el("a", {className: "button", href: `pictures/${one.id}?save`, download: one.file}, "Download"),
        act("Compare with…", () => { $("large").close(); pick(one); }),
        act("Delete", () => remove(one), {className: "danger"})),
      one.kind === "drawn" ? again(one) : "")));
}

const listed = (rows) => el("dl", {}, rows.filter(([, value]) => value).flatMap(([key, value]) =>
  [el("dt", {}, key), el("dd", {}, value)]));

function record(one) {
  const {identity_scale: strength, ...settings} = one.settings, {edits, "style from": style, ...more} = one.more;
  return el("div", {}, listed([["prompt", one.prompt], ["person", one.who], ["seed", one.seed],
    ["likeness", one.likeness !== null && one.likeness.toFixed(2)], ["strength", strength], ["edits", edits],
    ["style from", style]]),
  el("details", {}, el("summary", {}, "How it was drawn"),
    listed([["drawn as", one.full !== one.prompt && one.full],
      ...Object.entries(settings).map(([key, value]) => [called(key), value]),
      ...Object.entries(more), ["file", one.file]])));
}

function again(one) {
  const CHANGED = ["identity_scale", "guidance", "steps"];
  const input = (name, value) => el("input", {name, value: value ?? "", inputMode: "decimal", size: 8});
  const form = el("form", {autocomplete: "off", on: {submit: send}},
    el("h3", {}, "Draw it again"),
    el("label", {className: "field"}, "Prompt ", el("textarea", {name: "prompt", rows: 2, value: one.prompt})),
    el("div", {className: "pairs"}, el("label", {}, "Seed ", input("seed", one.seed)),
      CHANGED.filter((name) => name in one.settings).map((name) =>
        el("label", {}, `${called(name).replace(/^./, (first) => first.toUpperCase())} `, input(name, one.settings[name])))),
    $("marked-again").content.cloneNode(true),
    el("p", {className: "warn", role: "alert", hidden: true, data: {error: ""}}),
    el("button", {className: "main"}, "Draw again"));
  marking(form);
  async function send(event) {
    event.preventDefault();
    const changes = {mark: form.elements.mark.checked};
    for (const field of form.elements) {
      if (field.name && field.type !== "checkbox" && field.value.trim() !== field.defaultValue.trim()) changes[field.name] = field.value.trim();
    }
    try {
      await post(`api/pictures/${one.id}/again`, changes);
      $("large").close();
      world.go("draw");
    } catch (error) {
      const place = form.querySelector("[data-error]");
      place.hidden = false;
      place.textContent = error.message;
    }
  }
  for (const field of form.elements) if (field.name && field.type !== "checkbox") field.defaultValue = field.value;
  return form;
}

async function remove(one) {
  const sure = await question("Delete this picture?", {words: `${one.file} is removed from the folder.`, act: "Delete", danger: true});
  if (!sure) return;
  try {
    await post(`api/pictures/${one.id}/delete`);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
  }
  $("large").close();
  pictures();
}
