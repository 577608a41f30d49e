// What a job has drawn so far: pictures one by one, two columns side by side.
import {el, post} from "./dom.js";
import {card, openPicture} from "./picture.js";
import {bar, foremost, timeLeft} from "./jobs.js";

/** The foremost job of a kind, in a place that is filled anew only where something has changed. */
export function showDrawn(world, place, kind) {
  const job = foremost(world, kind);
  const before = place.dataset.shown || "";
  const now = job ? JSON.stringify([job.id, job.state, job.pictures.map((p) => [p.id, p.likeness, p.column])]) : "";
  if (job && job.state === "running") {
    const progress = place.querySelector("progress");
    if (progress) bar(progress, job);
    const left = place.querySelector(".left");
    if (left) left.textContent = timeLeft(job);
  }
  if (now === before) return;
  place.dataset.shown = now;
  place.replaceChildren(...(job ? parts(world, job) : []));
}

function parts(world, job) {
  const active = job.state === "running" || job.state === "waiting";
  const columns = new Set(job.pictures.map((one) => one.column)).size;
  const shown = [el("h3", {}, job.title)];
  if (active) {
    const progress = el("progress", {"aria-label": "Drawing"});
    bar(progress, job);
    shown.push(el("p", {className: "row"}, progress, el("span", {className: "left"}, timeLeft(job)),
      el("button", {type: "button", on: {click: () => post(`api/jobs/${job.id}/stop`)}}, "Stop")));
  }
  if (job.error) shown.push(el("p", {className: "warn"}, [job.error.message, job.error.hint].filter(Boolean).join(" ")));
  if (job.answer.stored) shown.push(el("p", {}, `${job.answer.stored} is among the people now. `,
    el("a", {href: "#people"}, "People")));
  if (columns > 1 || job.asked.beside) shown.push(beside(job));
  else shown.push(el("ul", {className: "grid", "aria-label": "Drawn now"}, job.pictures.map((one) => card(one, job.pictures, true))));
  const fell = job.answer.fell || [];
  if (fell.length) shown.push(el("details", {}, el("summary", {}, `Not kept: ${fell.length}`),
    el("ul", {}, fell.map((one) => el("li", {}, `seed ${one.seed}: ${one.reason}`)))));
  const said = job.lines.filter((one) => one.warning).map((one) => el("li", {}, one.text));
  if (said.length) shown.push(el("ul", {className: "note"}, said));
  return shown;
}

/** Pictures of two columns, a pair a row: the same place in each. */
function beside(job) {
  const [one, other] = [0, 1].map((column) => job.pictures.filter((p) => p.column === column));
  const rows = Math.max(one.length, other.length);
  const pairs = [];
  for (let i = 0; i < rows; i++) {
    pairs.push(el("div", {className: "pair"}, [one[i], other[i]].map((p) => p ? pictured(p, job) : el("div", {}))));
  }
  return el("div", {className: "beside"}, pairs);
}

function pictured(picture, job) {
  const {identity_scale: strength, checkpoint: step} = picture.settings;
  return el("figure", {}, el("button", {type: "button", className: "bare", on: {click: () => openPicture(picture, job.pictures)}},
    el("img", {src: `pictures/${picture.id}?${picture.version}`, alt: picture.prompt})),
  el("figcaption", {}, [picture.who, `seed ${picture.seed}`, strength && `strength ${strength}`,
    step && `step ${step}`,
    picture.likeness !== null && `likeness ${picture.likeness.toFixed(2)}`].filter(Boolean).join(" · ")));
}
