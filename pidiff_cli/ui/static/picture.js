// One picture: as a card, and large with its record, to draw again, to save, to compare, to delete.
import {$, el, Fault, get, post, question} from "./dom.js";

let world, picked = null;

export function startPictures(given) {
  if (world) return;
  world = given;
  world.on("people", pictures);
  world.on("shown", (part) => { if (part === "draw") pictures(); });
}

async function pictures() {
  const found = await get("api/pictures").catch(() => null);
  if (!found) return;
  $("pictures").replaceChildren(...found.pictures.map((one) => card(one)));
  if (!found.pictures.length) $("pictures").append(el("li", {className: "note"}, "No picture yet."));
}

/** A setting as the page calls it. */
const called = (key) => (key === "identity_scale" ? "strength" : key.replaceAll("_", " "));

const facts = (one) => [one.likeness !== null && `likeness ${one.likeness.toFixed(2)}`,
  one.seed && `seed ${one.seed}`, one.who].filter(Boolean).join(" · ");

export function card(one) {
  return el("li", {}, el("button", {type: "button", className: "card", on: {click: () => opened(one)}},
    el("img", {src: `pictures/${one.id}?small&${one.version}`, alt: "", loading: "lazy"}),
    el("span", {className: "words"}, one.prompt || one.file), el("span", {className: "facts"}, facts(one))));
}

function opened(one) {
  if (picked && picked.id !== one.id) compare(picked, one);
  else openPicture(one);
}

function pick(one) {
  picked = one;
  $("picked").textContent = one ? "Now choose the other picture." : "";
}

const large = (one) => el("img", {src: `pictures/${one.id}?${one.version}`, alt: one.prompt || one.file});
const bar = (title) => el("div", {className: "bar"}, el("h2", {id: "large-title", tabIndex: -1}, title),
  el("button", {type: "button", "aria-label": "Close (Escape)", on: {click: () => $("large").close()}}, "✕"));

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

export function openPicture(one) {
  const act = (label, call, more = {}) => el("button", {type: "button", ...more, on: {click: call}}, label);
  show(bar(one.prompt || one.file), el("div", {className: "both"},
    el("div", {className: "shown"}, large(one)),
    el("div", {className: "told"}, record(one),
      el("p", {className: "row"},
        el("a", {className: "button", href: `pictures/${one.id}?save`, download: one.file}, "Download"),
        act("Compare with…", () => { $("large").close(); pick(one); }),
        act("Delete", () => remove(one), {className: "danger"})),
      one.kind === "drawn" ? again(one) : "")));
}

function record(one) {
  const rows = [["prompt", one.prompt], ["drawn as", one.full !== one.prompt && one.full], ["person", one.who],
    ["seed", one.seed], ["likeness", one.likeness !== null && one.likeness.toFixed(2)],
    ...Object.entries(one.settings).map(([key, value]) => [called(key), value]),
    ...Object.entries(one.more), ["file", one.file]];
  return el("dl", {}, rows.filter(([, value]) => value).flatMap(([key, value]) => [el("dt", {}, key), el("dd", {}, value)]));
}

function again(one) {
  const CHANGED = ["identity_scale", "guidance", "steps"];
  const input = (name, value) => el("input", {name, value: value ?? "", inputMode: "decimal", size: 8});
  const form = el("form", {autocomplete: "off", on: {submit: send}},
    el("h3", {}, "Draw it again"),
    el("label", {className: "field"}, "Prompt ", el("textarea", {name: "prompt", rows: 2, value: one.prompt})),
    el("div", {className: "pairs"}, el("label", {}, "Seed ", input("seed", one.seed)),
      CHANGED.filter((name) => name in one.settings).map((name) =>
        el("label", {}, `${called(name)} `, input(name, one.settings[name])))),
    el("p", {className: "warn", role: "alert", hidden: true, data: {error: ""}}),
    el("button", {className: "main"}, "Draw again"));
  async function send(event) {
    event.preventDefault();
    const changes = {};
    for (const field of form.elements) {
      if (field.name && field.value.trim() !== field.defaultValue.trim()) changes[field.name] = field.value.trim();
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
  for (const field of form.elements) if (field.name) field.defaultValue = field.value;
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
