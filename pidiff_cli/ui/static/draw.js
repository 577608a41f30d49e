// Draw: a person, a prompt, and what else a picture takes.
import {$, Fault, el, fault, get, later, marking, post, sliders, stepWords} from "./dom.js";
import {showDrawn} from "./drawn.js";

let world, form, dialsOf = "";

export function startDraw(given) {
  if (world) return;
  world = given;
  form = $("draw-form");
  sliders(form);
  form.addEventListener("submit", draw);
  form.elements.prompt.addEventListener("input", later(read, 350));
  form.elements.prompt.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); form.requestSubmit(); }
  });
  form.elements.beside.addEventListener("change", beside);
  marking(form);
  $("dials").addEventListener("toggle", () => $("dials").open && dials());
  $("words").addEventListener("toggle", words, {once: true});
  world.on("people", people);
  world.on("jobs", () => showDrawn(world, $("drawn"), "draw"));
  world.on("shown", (part, who) => { if (part === "draw" && who) choose(who); });
}

const chosen = () => form.elements.who?.value || "";

function choose(id) {
  const radio = $("who").querySelector(`input[value="${id}"]`);
  if (radio) { radio.checked = true; whoChanged(); }
}

function people() {
  const before = chosen(), all = world.drawable();
  $("folder").textContent = world.folder;
  $("strength").value = world.changed ? $("strength").value : world.usual.identity_scale;
  world.changed = true;
  $("strength-out").textContent = Number($("strength").value);
  $("who").replaceChildren(...all.map((one) => el("label", {className: "face"},
    el("input", {type: "radio", name: "who", value: one.id, on: {change: whoChanged}}),
    one.face ? el("img", {src: `people/${one.id}/face?${one.version}`, alt: ""}) : el("i", {}),
    el("span", {}, one.name))));
  if (!all.length) $("who").append(el("p", {className: "note"}, "Nobody yet. ",
    el("a", {href: "#learn"}, "Learn a new person")));
  const locked = world.locked().map((one) => one.name).join(", ");
  for (const place of document.querySelectorAll(".locked-ones")) {
    place.hidden = !locked;
    place.replaceChildren(`Locked: ${locked}. `, el("a", {href: "#people"}, "Unlock in People"));
  }
  choose(all.some((one) => one.id === before) ? before : all[0]?.id);
  for (const list of document.querySelectorAll("select.others")) {
    const value = list.value, none = list.name === "style_who";
    list.replaceChildren(...(none ? [el("option", {value: ""}, "nobody")] : []),
      ...all.map((one) => el("option", {value: one.id}, one.name)));
    const second = ["b", "beside_who"].includes(list.name) ? all[1]?.id : undefined;
    list.value = [...list.options].some((o) => o.value === value) && value ? value
      : none ? "" : second ?? all[0]?.id ?? "";
  }
}

function whoChanged() {
  if ($("dials").open) dials();
  const mini = world.person(chosen())?.base === "mini" || !world.person(chosen())?.base;
  $("words").hidden = !mini;
  steps();
  read();
}

/** The other kept steps of who is drawn, as a column beside; nothing of it where there are none. */
function steps() {
  const {beside: list, beside_checkpoint: step} = form.elements;
  const others = (world.person(chosen())?.checkpoints || []).filter((one) => !one.own);
  const offered = [...list.options].find((one) => one.value === "checkpoint"), before = step.value;
  offered.hidden = offered.disabled = !others.length;
  step.replaceChildren(...others.map((one) => el("option", {value: one.step}, stepWords(one))));
  if (others.some((one) => String(one.step) === before)) step.value = before;
  if (!others.length && list.value === "checkpoint") { list.value = ""; beside(); }
}

async function words() {
  const known = await get("api/words");
  const add = (phrase) => {
    const prompt = form.elements.prompt, before = prompt.value.trim();
    prompt.value = before ? `${before.replace(/,$/, "")}, ${phrase}` : phrase;
    read();
  };
  const chips = (phrases) => el("p", {className: "chips"}, phrases.map((phrase) =>
    el("button", {type: "button", on: {click: () => add(phrase)}}, phrase)));
  $("known").replaceChildren(el("p", {className: "note"}, known.about),
    ...Object.entries(known.groups).flatMap(([name, phrases]) => [el("h3", {}, name), chips(phrases)]),
    el("h3", {}, "looks"), chips(known.looks));
}

async function read() {
  const prompt = form.elements.prompt.value.trim(), place = $("reading");
  if (!prompt || $("words").hidden) { place.textContent = ""; return; }
  try {
    const found = await get(`api/words?prompt=${encodeURIComponent(prompt)}`);
    place.textContent = found.unknown.length || found.notes.length
      ? `Not drawn: ${[...found.unknown, ...found.notes].join("; ")}` : "";
  } catch { place.textContent = ""; }
}

async function dials() {
  const who = chosen();
  if (!who || who === dialsOf) return;
  const {dials: found} = await get(`api/dials/${who}`);
  dialsOf = who;
  const list = $("dial-list");
  list.replaceChildren(...Object.entries(found).map(([name, does]) => el("label", {className: "slide"},
    el("span", {}, name.replaceAll("_", " "), el("small", {}, does)), el("output", {}),
    el("input", {type: "range", min: -5, max: 5, step: 0.25, value: 0, data: {edit: name}}))));
  if (!Object.keys(found).length) list.append(el("p", {className: "note"}, "This person has no dials."));
  else list.append(el("button", {type: "button", on: {click: () => {
    for (const one of list.querySelectorAll("input")) { one.value = 0; one.dispatchEvent(new Event("input")); }
  }}}, "All to 0"));
  list.addEventListener("input", dialled);
  sliders(list);
  dialled();
}

function edits() {
  const moved = [...$("dial-list").querySelectorAll("input")].filter((one) => Number(one.value));
  return Object.fromEntries(moved.map((one) => [one.dataset.edit, Number(one.value)]));
}

function dialled() {
  const count = Object.keys(edits()).length;
  $("dialled").textContent = count ? `(${count} moved)` : "";
}

function beside() {
  for (const place of form.querySelectorAll("[data-beside]")) {
    place.hidden = place.dataset.beside !== form.elements.beside.value;
  }
}

function asked() {
  const value = (name) => form.elements[name].value.trim();
  const found = {
    who: chosen(), prompt: value("prompt"), count: Number(value("count") || 1),
    best: Number(value("best") || 0), seed: value("seed") || "random", edits: edits(),
    identity_scale: Number(value("identity_scale")), mark: form.elements.mark.checked,
  };
  for (const name of ["guidance", "steps", "size", "negative"]) if (value(name)) found[name] = value(name);
  if (value("style_who")) {
    found.style = {who: value("style_who"), group: value("style_group"), share: Number(value("style_share"))};
  }
  const other = value("beside");
  const numbers = ["identity_scale", "checkpoint"];
  if (other) found.beside = {[other]: numbers.includes(other) ? Number(value(`beside_${other}`)) : value(`beside_${other}`)};
  return found;
}

async function draw(event) {
  event.preventDefault();
  fault(form, null);
  try {
    if (!chosen()) throw new Fault("Learn a person first, or unlock one.");
    await post("api/draw", asked());
    if (matchMedia("(max-width: 46rem)").matches) $("drawn").scrollIntoView(); // it is far below
  } catch (error) {
    fault(form, error);
  }
}
