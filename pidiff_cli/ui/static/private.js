// What is whose: lock, unlock, consent, and everything of a person forgotten.
import {Fault, asking, dropping, el, get, post} from "./dom.js";

const MOST_KEYS = 64 * 1024; // characters

const path = (one, what) => `api/people/${one.id}/${what}`;

function password(name, label) {
  const id = `ask-${name}`;
  return el("label", {className: "field", for: id}, label, " ",
    el("input", {id, name, type: "password", autocomplete: "off", maxLength: 1000, required: true}));
}

/** Ask until it is taken, or given up; a fault is told in the same dialog. */
async function until(ask, send) {
  for (let told = ""; ;) {
    const found = await ask(told);
    if (!found) return;
    try {
      await send(found);
      return;
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      told = error.message;
    }
  }
}

export const lock = (one) => until(
  (fault) => asking(`Lock ${one.name}?`, {
    words: "All of this person is encrypted; only the name can still be seen. Pictures and exports stay as "
      + "they are. A lost passphrase is lost: nobody can open it without.",
    fault, act: "Lock", fields: [password("passphrase", "Passphrase"), password("twice", "The same again")]}),
  (given) => {
    if (given.get("passphrase") !== given.get("twice")) throw new Fault("These are two different passphrases.");
    return post(path(one, "lock"), {passphrase: given.get("passphrase")});
  });

export const unlock = (one) => until(
  (fault) => asking(`Unlock ${one.name}`, {fault, act: "Unlock", fields: [password("passphrase", "Passphrase")]}),
  (given) => post(path(one, "unlock"), {passphrase: given.get("passphrase")}));

/** What stands in the chosen file goes with the request, and is kept nowhere. */
async function keysIn(file) {
  if (!file?.size) throw new Fault("Choose the key file first.");
  if (file.size > MOST_KEYS) throw new Fault(`${file.name} is no key file: it is too large.`);
  return file.text();
}

function keyFile() {
  const input = el("input", {id: "ask-keys", name: "keys", type: "file"});
  return dropping(el("label", {className: "field dropping", for: "ask-keys"},
    "Key file, chosen or dropped here (age-keygen writes them) ", input), input);
}

export const unlockByKey = (one) => until(
  (fault) => asking(`Unlock ${one.name} by a key`, {fault, act: "Unlock", fields: [keyFile()],
    words: "The file is read for this once and kept nowhere."}),
  async (given) => post(path(one, "unlock-by-key"), {keys: await keysIn(given.get("keys"))}));

export const consent = (one, kinds) => until(
  (fault) => asking(`Whose face is ${one.name}?`, {
    fault, act: "Note it", words: "The answer is kept with today's date.",
    fields: [el("fieldset", {"aria-label": `Whose face is ${one.name}?`}, Object.entries(kinds).map(([value, words]) =>
      el("label", {className: "tick"}, el("input", {type: "radio", name: "consent", value, required: true,
        checked: value === one.consent_kind}), ` ${words}`)))]}),
  (given) => post(path(one, "consent"), {consent: given.get("consent")}));

export async function forgetAll(one) {
  const {count, counted, files} = await get(path(one, "belongings"));
  const fields = count ? [
    el("label", {className: "tick"}, el("input", {type: "checkbox", name: "pictures", checked: true}),
      ` and the ${counted} of ${one.name} that ${count === 1 ? "was" : "were"} found`),
    el("details", {}, el("summary", {}, "Which"), el("ul", {className: "files", tabIndex: 0, "aria-label": "Files that go"},
      files.map((name) => el("li", {}, name)),
      count > files.length ? el("li", {}, `and ${count - files.length} more`) : ""))] : [];
  await until(
    (fault) => asking(`Forget all of ${one.name}?`, {
      words: "Photos, what was learnt, reports: all that is kept of this person goes, and cannot be brought back. "
        + (count ? "" : "No picture of this person was found. ")
        + "What may be left is yours to remove: your photos, files in other folders, pictures that another "
        + "program saved anew.",
      fault, fields, act: "Forget all", danger: true}),
    (given) => post(path(one, "forget-all"), {pictures: given.get("pictures") === "on"}));
}
