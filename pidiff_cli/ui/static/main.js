// The page's frame: which part is shown, what the server tells, who listens.
import {$, Fault, get, say} from "./dom.js";
import {startDraw} from "./draw.js";
import {startLearn} from "./learn.js";
import {startMix} from "./mix.js";
import {startPeople} from "./people.js";
import {startJobs} from "./jobs.js";
import {startPictures} from "./picture.js";

const PARTS = ["draw", "learn", "mix", "people"];

/** What every part reads: `people`, `jobs`, and what the server said at the beginning. */
export const world = {people: [], jobs: [], usual: {}, nouns: [], consent: {}, folder: ""};
const listeners = {people: [], jobs: [], shown: []};
world.on = (what, call) => listeners[what].push(call);
const tell = (what, ...given) => listeners[what].forEach((call) => call(...given));

world.go = (part, ...given) => {
  if (location.hash !== `#${part}`) location.hash = part;
  tell("shown", part, ...given);
};
world.person = (id) => world.people.find((one) => one.id === id);
world.drawable = () => world.people.filter((one) => one.drawable);
world.locked = () => world.people.filter((one) => one.locked);

function show(moved) {
  const asked = location.hash.slice(1);
  const part = PARTS.includes(asked) ? asked : world.drawable().length ? "draw"
    : world.locked().length ? "people" : "learn";
  if (asked !== part) history.replaceState(null, "", `#${part}`); // a reload stays where it is
  for (const name of PARTS) $(name).hidden = name !== part;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === `#${part}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (moved === true) $(`${part}-title`).focus({preventScroll: true});
  tell("shown", part);
}

async function reload() {
  Object.assign(world, await get("api/state"));
  tell("people");
}

let known = -1;
function listen() {
  const stream = new EventSource("api/events");
  stream.onmessage = async (event) => {
    $("lost").hidden = true;
    const news = JSON.parse(event.data);
    world.jobs = news.jobs;
    if (news.people !== known) {
      known = news.people;
      await reload().catch(lost);
    }
    tell("jobs");
  };
  stream.onerror = () => {
    lost(new Fault("The server does not answer. What was being learnt goes on from its last "
      + "checkpoint once it runs again: pidiff ui"));
    if (stream.readyState === EventSource.CLOSED) setTimeout(listen, 2000);
  };
}

/** What a button could not do, where no form and no dialog tells it. */
addEventListener("unhandledrejection", (event) => {
  if (!(event.reason instanceof Fault)) return;
  event.preventDefault();
  lost(event.reason);
});

function lost(error) {
  $("lost").textContent = error.message;
  $("lost").hidden = false;
}

async function start() {
  for (const begin of [startDraw, startLearn, startMix, startPeople, startJobs, startPictures]) begin(world);
  try {
    await reload();
  } catch (error) {
    lost(error);
    setTimeout(start, 3000);
    return;
  }
  addEventListener("hashchange", () => show(true));
  show();
  listen();
  document.documentElement.dataset.ready = "yes";
  say("pidiff is ready.");
}

start();
