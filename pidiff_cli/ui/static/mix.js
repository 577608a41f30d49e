// Mix: two people, three sliders, the sheet at once.
import {$, Fault, fault, later, marking, post, postForPicture, sliders} from "./dom.js";
import {showDrawn} from "./drawn.js";

let world, form, shown = "", address = "";

export function startMix(given) {
  if (world) return;
  world = given;
  form = $("mix-form");
  sliders(form);
  marking(form);
  form.addEventListener("input", later(sheet, 200));
  form.addEventListener("submit", send);
  world.on("shown", (part) => { if (part === "mix") sheet(); });
  world.on("people", () => { if (!$("mix").hidden) sheet(); });
  world.on("jobs", () => showDrawn(world, $("mix-drawn"), "mix"));
}

function asked() {
  const {a, b, coarse, medium, fine} = form.elements;
  return {a: a.value, b: b.value, coarse: Number(coarse.value), medium: Number(medium.value), fine: Number(fine.value)};
}

async function sheet() {
  const wish = asked(), key = JSON.stringify(wish);
  if (world.drawable().length < 2) {
    $("mixed").textContent = "A mix takes two people who have been learnt.";
    return;
  }
  if (key === shown) return;
  shown = key;
  try {
    const made = await postForPicture("api/mix/sheet", wish);
    if (key !== shown) return; // a newer one is under way
    URL.revokeObjectURL(address);
    address = URL.createObjectURL(made);
    const [a, b] = [wish.a, wish.b].map((id) => world.person(id)?.name);
    $("sheet").src = address;
    $("sheet").alt = `${a}, ${b}, their mix, and the ways from one to the other`;
    $("sheet").hidden = false;
    $("mixed").textContent = "";
  } catch (error) {
    shown = "";
    $("sheet").hidden = true;
    $("mixed").textContent = error.message;
  }
}

async function send(event) {
  event.preventDefault();
  fault(form, null);
  const keep = event.submitter?.value === "keep", wish = asked();
  const {prompt, count, seed, name} = form.elements;
  wish.mark = form.elements.mark.checked;
  if (keep) wish.name = name.value.trim();
  else Object.assign(wish, {prompt: prompt.value.trim(), count: Number(count.value || 1), seed: seed.value.trim() || "random"});
  try {
    if (keep && !wish.name) throw new Fault("Give the mix a name.");
    if (!keep && !wish.prompt) throw new Fault("Say what the picture should show.");
    await post("api/mix", wish);
  } catch (error) {
    fault(form, error);
  }
}
