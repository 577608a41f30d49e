// A new person in four steps: photos, name and consent, learning, report.
import {$, Fault, el, fault, get, post, postFile, say} from "./dom.js";
import {dropped, readable} from "./files.js";
import {bar, foremost, timeLeft} from "./jobs.js";

const KEY = "pidiff-draft";
let world, form, draft = null, turn = Promise.resolve(), sent = 0, sending = 0;

export function startLearn(given) {
  if (world) return;
  world = given;
  form = $("learn-form");
  form.addEventListener("submit", learn);
  $("files").addEventListener("change", () => { add([...$("files").files]); $("files").value = ""; });
  const over = (is) => $("step-photos").classList.toggle("over", is && !$("learn").hidden);
  for (const name of ["dragover", "drop"]) addEventListener(name, (event) => event.preventDefault());
  addEventListener("dragover", () => over(true));
  addEventListener("dragleave", (event) => over(event.relatedTarget !== null));
  addEventListener("drop", async (event) => {
    over(false);
    if (!$("learn").hidden) add(await dropped(event.dataTransfer));
  });
  world.on("people", choices);
  world.on("jobs", learning);
  world.on("shown", async (part) => {
    if (part === "learn") $("base").textContent = (await get("api/base").catch(() => ({told: ""}))).told;
  });
  recall();
}

function choices() {
  if (form.elements.noun.options.length) return;
  form.elements.noun.replaceChildren(...world.nouns.map((noun) => el("option", {}, noun)));
  for (const [value, words] of Object.entries(world.consent)) {
    $("consent").append(el("label", {className: "tick"}, el("input", {type: "radio", name: "consent", value}), ` ${words}`));
  }
}

async function recall() {
  const key = sessionStorage.getItem(KEY);
  if (!key) return;
  draft = await get(`api/drafts/${key}`).catch(() => null);
  if (draft) photos();
  else sessionStorage.removeItem(KEY);
}

// --- photos ---

/** Photos go one after another, those that are dropped meanwhile behind them. */
function add(files) {
  sending += files.length;
  turn = turn.then(() => send(files));
}

async function send(files) {
  const faults = [];
  for (const file of files) {
    sent += 1;
    told(`Looking at photo ${sent} of ${sent + sending - 1}: ${file.name}`);
    try {
      await readable(file);
      if (!draft) {
        draft = await post("api/drafts");
        sessionStorage.setItem(KEY, draft.id);
      }
      draft = await postFile(`api/drafts/${draft.id}/photos?name=${encodeURIComponent(file.name)}`, file);
      photos();
    } catch (error) {
      faults.push(error.message);
    }
    sending -= 1;
  }
  if (!sending) sent = 0;
  photos(faults);
}

function told(words, warn = false) {
  $("looked").textContent = words;
  $("looked").className = warn ? "warn" : "note";
}

function photos(faults = []) {
  if (!draft) { told(faults.join(" "), true); return; }
  const kept = draft.photos.filter((one) => one.kept).length;
  $("photos").replaceChildren(...draft.photos.map(photo));
  if (sending) return;
  const found = [...new Set(faults), draft.problem && `${draft.problem.split(".")[0]}. Click the face that is meant.`].filter(Boolean);
  const choice = draft.photos.some((one) => one.kept && one.boxes?.length > 1) ? "A click on another face takes that one." : "";
  const summary = draft.photos.length ? [`${kept} of ${draft.photos.length} kept.`, draft.advice, choice].join(" ") : "";
  told([...found, summary].join(" "), found.length > 0);
  say(summary);
}

function photo(one) {
  const words = one.kept ? ["kept", ...(one.notes || [])].join("; ") : one.why || "click the face that is meant";
  const faces = one.out ? [] : (one.boxes || []).map((box, i) => {
    const mine = one.chosen === i;
    return el("button", {
      type: "button", className: `box${mine ? " mine" : ""}${one.kept ? "" : " not"}`,
      style: `left:${100 * box[0]}%;top:${100 * box[1]}%;width:${100 * box[2]}%;height:${100 * box[3]}%`,
      "aria-label": `Face ${i + 1} of ${one.file}`, "aria-pressed": String(mine),
      on: {click: () => change(one.id, {face: i})},
    });
  });
  const framed = one.picture
    ? el("div", {className: "framed"}, el("img", {src: `drafts/${draft.id}/${one.id}`, alt: ""}), faces)
    : el("div", {className: "framed none"}, "no picture");
  return el("li", {className: one.kept ? "kept" : "left"}, framed,
    el("strong", {}, one.file), el("span", {}, words),
    el("button", {type: "button", "aria-label": `${one.out ? "Take" : "Leave out"} ${one.file}`,
      on: {click: () => change(one.id, {out: !one.out})}}, one.out ? "Take it" : "Leave out"));
}

async function change(key, what) {
  try {
    draft = await post(`api/drafts/${draft.id}`, {photo: key, ...what});
    photos();
  } catch (error) {
    told(error.message, true);
  }
}

// --- name, consent ---

async function learn(event) {
  event.preventDefault();
  fault(form, null);
  const {name, noun, consent, keep} = form.elements;
  try {
    if (sending) throw new Fault("Wait until all photos have been looked at.");
    if (!draft?.photos.some((one) => one.kept)) throw new Fault("First drop photos in which the face is sharp.");
    if (!name.value.trim()) throw new Fault("Give this person a name.");
    if (!consent.value) throw new Fault("Say whose face this is.");
    await post("api/learn", {draft: draft.id, name: name.value.trim().replace(/\s+/g, "-"), noun: noun.value, consent: consent.value, keep: keep.checked});
    sessionStorage.removeItem(KEY);
    draft = null;
    $("photos").replaceChildren();
    told("");
    form.reset();
    $("step-tune").scrollIntoView({block: "nearest"});
  } catch (error) {
    fault(form, error);
  }
}

// --- learning, report ---

function learning() {
  const job = foremost(world, "tune");
  const place = $("tuning");
  if (!job) { left(place); return; }
  if (place.dataset.id !== job.id) {
    place.dataset.id = job.id;
    place.replaceChildren(el("p", {className: "row"}, el("strong", {}, job.title), el("progress", {"aria-label": job.title}),
      el("span", {className: "left", role: "status"}), el("button", {type: "button"})),
    el("p", {className: "waits", role: "status", hidden: true}), el("p", {className: "warn", hidden: true}), el("div", {className: "wide previews", hidden: true, tabIndex: 0,
      role: "region", "aria-label": "Previews"}), el("pre", {className: "lines", tabIndex: 0, "aria-label": "What was said"}));
  }
  bar(place.querySelector("progress"), job);
  const stage = job.state === "running" && job.stage && !job.waits ? `${job.stage}, ` : "";
  place.querySelector(".left").textContent = `${stage}${timeLeft(job)}`;
  pausing(place.querySelector("button"), job);
  const waits = place.querySelector(".waits");
  waits.hidden = !job.waits;
  waits.textContent = job.waits;
  const error = place.querySelector(".warn");
  error.hidden = !job.error;
  error.textContent = job.error ? [job.error.message, job.error.hint].filter(Boolean).join(" ") : "";
  place.querySelector(".lines").textContent = job.lines.map((one) => one.text).join("\n");
  previews(place.querySelector(".previews"), job);
  if (job.state === "failed" && job.asked.draft && !draft && place.dataset.back !== job.id) {
    place.dataset.back = job.id; // the photos are here still, to be changed
    sessionStorage.setItem(KEY, job.asked.draft);
    recall();
  }
  report(job);
}

const byName = (name) => world.people.find((one) => one.folder === name);

function pausing(button, job) {
  const over = job.state === "done";
  button.hidden = over;
  const goes = job.state === "stopped" || job.state === "failed";
  button.textContent = goes ? "Go on" : "Pause";
  button.disabled = job.stopping || (goes && !byName(job.who));
  button.onclick = () => goes ? post(`api/people/${byName(job.who).id}/learn`) : post(`api/jobs/${job.id}/stop`);
}

function previews(place, job) {
  const who = byName(job.who), key = `${job.previews}-${job.state === "done"}`;
  if (!who || !job.previews || place.dataset.key === key) return;
  place.dataset.key = key;
  place.hidden = false;
  const down = () => { place.scrollTop = place.scrollHeight; };
  place.replaceChildren(el("img", {src: `people/${who.id}/previews?${job.id}-${key}`, on: {load: down},
    alt: `Previews of ${job.who}: a row for each look, the newest at the bottom`}));
}

/** Who was being learnt when an earlier server ended. */
function left(place) {
  const waiting = world.people.filter((one) => one.unfinished);
  place.dataset.id = "";
  place.replaceChildren(...(waiting.length ? waiting.map((one) => el("p", {className: "row"},
    `${one.name} is not finished. `, el("button", {type: "button", className: "main",
      on: {click: () => post(`api/people/${one.id}/learn`)}}, `Go on with ${one.name}`)))
    : [el("p", {className: "note"}, "Nothing is being learnt.")]));
}

function report(job) {
  const who = byName(job.who), place = $("reported");
  if (job.state !== "done" || !who) {
    place.replaceChildren(el("p", {className: "note"}, "Comes at the end."));
    return;
  }
  const learnt = who.likeness?.learnt !== false;
  place.replaceChildren(el("p", {}, learnt ? `${who.name} is learnt: likeness ${who.alike}.`
    : `${who.name} is drawn by the general branch as it is: nothing here could tell whether learning helps.`),
    el("p", {className: "row"},
      el("button", {type: "button", className: "main", on: {click: () => world.go("draw", who.id)}}, `Draw ${who.name}`),
      who.report ? el("a", {className: "button", href: `people/${who.id}/report`, target: "_blank", rel: "noopener"}, "Open the report") : ""));
}
