// The jobs of all tabs, at the foot of the page.
import {$, duration, el, post} from "./dom.js";

const STATES = {waiting: "waits", running: "", done: "done", failed: "failed", stopped: "stopped"};

export function startJobs(world) {
  world.on("jobs", () => show(world));
  world.on("shown", () => show(world));
}

/** Where each kind is shown large; there it needs no row at the foot. */
const PLACES = {tune: "learn", draw: "draw", mix: "mix"};

/** The job of a kind that is shown large: what runs, else the newest. */
export function foremost(world, kind) {
  const all = world.jobs.filter((one) => one.kind === kind);
  return all.find((one) => one.state === "running") || all.at(-1);
}

/** How far the work is, for who looks at another tab. */
function titled(job) {
  const share = job && job.of ? `${Math.floor(100 * Math.min(1, job.step / job.of))} % ` : job ? "… " : "";
  document.title = `${share}pidiff`;
}

function show(world) {
  const busy = world.jobs.filter((job) => job.state === "running" || job.state === "waiting");
  const large = (job) => !$(PLACES[job.kind]).hidden && job === foremost(world, job.kind);
  titled(busy.find((job) => job.state === "running"));
  const active = busy.filter((job) => !large(job));
  const place = $("jobs");
  place.hidden = !active.length;
  // Rows stay the same elements, so that a button under a finger or the focus is not taken away.
  for (const row of [...place.children]) if (!active.some((job) => job.id === row.dataset.id)) row.remove();
  for (const job of active) {
    let row = place.querySelector(`[data-id="${job.id}"]`);
    if (!row) place.append(row = made(job));
    fill(row, job);
  }
}

function made(job) {
  const stop = el("button", {type: "button", on: {click: () => post(`api/jobs/${job.id}/stop`)}});
  return el("div", {className: "job", data: {id: job.id}},
    el("span", {className: "title"}), el("progress", {"aria-label": job.title}),
    el("span", {className: "left"}), stop);
}

function fill(row, job) {
  row.querySelector(".title").textContent = job.title;
  bar(row.querySelector("progress"), job);
  row.querySelector(".left").textContent = timeLeft(job);
  const stop = row.querySelector("button");
  stop.textContent = job.kind === "tune" ? "Pause" : "Stop";
  stop.setAttribute("aria-label", `${stop.textContent}: ${job.title}`);
  stop.disabled = job.stopping;
}

export function bar(place, job) {
  if (job.of && !job.waits) {
    place.max = job.of;
    place.value = Math.min(job.step, job.of);
  } else if (job.state === "running" && !job.waits) place.removeAttribute("value");
  else place.value = 0;
}

export function timeLeft(job) {
  if (job.stopping) return "stops";
  if (job.waits) return "waits for memory";
  if (job.state !== "running") return STATES[job.state];
  return job.left !== null ? `${duration(job.left)} left` : job.stage || "begins";
}
