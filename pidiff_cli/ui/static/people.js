// People: everybody who has been learnt, and what can be done with each.
import {$, asking, el, post, question, save, stepWords} from "./dom.js";
import {consent, forgetAll, lock, unlock, unlockByKey} from "./private.js";

let world;

export function startPeople(given) {
  if (world) return;
  world = given;
  world.on("people", () => {
    const open = new Set([...document.querySelectorAll("#everybody details[open]")].map((one) => one.dataset.id));
    $("everybody").replaceChildren(...world.people.map((one) => shown(one, open.has(one.id))));
    if (!world.people.length) $("everybody").append(el("li", {className: "note"}, "Nobody yet. ",
      el("a", {href: "#learn"}, "Learn a new person")));
  });
}

function shown(one, open) {
  if (one.problem) return el("li", {className: "person"}, el("h3", {}, one.name), el("p", {className: "warn"}, one.problem));
  if (one.locked) return locked(one, open);
  const rows = [["likeness", one.alike], ["base", one.base || "not learnt yet"],
    ["size", `${one.size_mb.toFixed(1)} MB, ${one.photos} photo${one.photos === 1 ? "" : "s"}`],
    ["licence", licence(one)], ["consent", one.consent_told]];
  return el("li", {className: "person"},
    one.face ? el("img", {src: `people/${one.id}/face?${one.version}`, alt: "", width: 96, height: 96}) : el("i", {}),
    el("div", {}, el("h3", {}, one.name, " ", el("small", {}, one.noun)),
      one.unfinished && !learning(one) ? el("p", {className: "warn"}, "Learning was not finished.") : "",
      el("dl", {}, rows.filter(([, value]) => value).flatMap(([key, value]) => [el("dt", {}, key), el("dd", {}, value)])),
      el("p", {className: "row"}, acts(one)),
      el("details", {open, data: {id: one.id}}, el("summary", {"aria-label": `More of ${one.name}`}, "More"),
        more(one).map((some) => el("p", {className: "row"}, some)))));
}

function locked(one, open) {
  const byKey = () => unlockByKey(one);
  return el("li", {className: "person"}, el("i", {className: "lock", role: "img", "aria-label": "locked"}),
    el("div", {}, el("h3", {}, one.name, " ", el("small", {}, "locked")),
      el("p", {className: "note"}, one.by_passphrase ? "All but the name is encrypted."
        : "All but the name is encrypted, for a key: it takes that key's file."),
      el("p", {className: "row"}, button("Unlock", one, one.by_passphrase ? () => unlock(one) : byKey, "main")),
      el("details", {open, data: {id: one.id}}, el("summary", {"aria-label": `More of ${one.name}`}, "More"),
        el("p", {className: "row"}, button("Rename", one, named(one, "rename", `Another name for ${one.name}`)),
          one.by_passphrase ? button("Unlock by a key", one, byKey) : "",
          button("Forget all", one, sure(one, "delete", `Forget all of ${one.name}?`, "All that is kept of this person "
            + "goes. Which pictures are of them can only be told when they are unlocked: pictures stay.", "Forget all"), "danger")))));
}

const named = (one, what, title) => async () => {
  const name = await question(title, {label: "Name", value: what === "rename" ? one.name : `${one.name}-2`});
  if (name) await post(`api/people/${one.id}/${what}`, {name});
};
const sure = (one, what, title, words, label) => async () => {
  if (await question(title, {words, act: label, danger: true})) await post(`api/people/${one.id}/${what}`);
};

function licence(one) {
  if (!one.licences || !Object.keys(one.licences).length) return "";
  const kinds = [...new Set(Object.values(one.licences))].join(", ");
  return one.commercial_use ? `${kinds}; commercial use: ${one.commercial_use}` : kinds;
}

const button = (label, who, call, className = "") =>
  el("button", {type: "button", className, "aria-label": `${label}: ${who.name}`, on: {click: () => tried(call)}}, label);

const learning = (one) => world.jobs.some((job) => job.kind === "tune" && job.who === one.folder
  && ["waiting", "running"].includes(job.state));

function acts(one) {
  const found = [];
  if (one.drawable) found.push(button("Draw", one, () => world.go("draw", one.id), "main"));
  if (learning(one)) found.push(button("See it learn", one, () => world.go("learn")));
  else if (one.unfinished || !one.tuned) {
    found.push(button(one.unfinished ? "Go on learning" : "Learn", one, async () => {
      await post(`api/people/${one.id}/learn`);
      world.go("learn");
    }, "main"));
  }
  if (one.report) found.push(el("a", {className: "button", href: `people/${one.id}/report`, target: "_blank",
    rel: "noopener", "aria-label": `Report: ${one.name}`}, "Report"));
  return found;
}

/** What is rarely done: what it is called, where it goes, what is removed; a row each. */
function more(one) {
  return [[
    button("Rename", one, named(one, "rename", `Another name for ${one.name}`)),
    button("Copy", one, named(one, "copy", `A copy of ${one.name}`)),
    one.checkpoints?.length ? button("Use another step", one, () => useStep(one)) : "",
    button("Consent", one, () => consent(one, world.consent)),
    one.tuned && one.photos ? button("Learn anew", one, async () => {
      await post(`api/people/${one.id}/learn`, {retune: true});
      world.go("learn");
    }) : "",
  ], [
    button("Lock", one, () => lock(one)),
    button("Export", one, () => save(`people/${one.id}/export?photos=no`)),
    one.photos ? button("Export with photos", one, () => save(`people/${one.id}/export?photos=yes`)) : "",
  ], [
    one.photos ? button("Forget photos", one, sure(one, "forget", `Forget the photos of ${one.name}?`,
      `Photos, their codes and reports go${one.checkpoints?.length ? ", and the other kept steps of the learning" : ""}. What was learnt stays, and still is biometric.`, "Forget"), "danger") : "",
    button("Forget all", one, () => forgetAll(one), "danger"),
    button("Delete", one, sure(one, "delete", `Delete ${one.name}?`,
      "All that is known of this person goes. Pictures that were drawn stay where they are.", "Delete"), "danger"),
  ]].map((some) => some.filter(Boolean));
}

/** Which of the kept steps of the learning draws from now on. */
async function useStep(one) {
  const fields = one.checkpoints.map((step) => el("label", {className: "tick"},
    el("input", {type: "radio", name: "step", value: step.step, checked: step.own}), ` ${stepWords(step)}`));
  const found = await asking(`By which step is ${one.name} drawn?`, {fields, act: "Use it",
    words: "Likeness is of the pictures that were drawn while learning. The step that draws now stays beside it."});
  if (found) await post(`api/people/${one.id}/step`, {step: Number(found.get("step"))});
}

async function tried(call) {
  try {
    await call();
  } catch (error) {
    await question("That did not work", {words: error.message, act: "OK"});
  }
}
