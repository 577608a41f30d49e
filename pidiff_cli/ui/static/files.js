// Files that are dropped: folders are opened, and what cannot be read is said.
import {Fault} from "./dom.js";

const MOST = 200; // files out of folders
const PICTURE = /\.(hei[cf]|avif)$/i; // which systems do not know as pictures; what else lies beside them is passed over

/** The files of a drop, those in dropped folders and below among them. */
export async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some((entry) => entry.isDirectory)) return [...transfer.files];
  const found = [];
  for (const entry of entries) await collect(entry, found);
  return found;
}

async function collect(entry, found, below = false) {
  if (found.length >= MOST || entry.name.startsWith(".")) return;
  if (entry.isFile) {
    const file = await new Promise((done, fail) => entry.file(done, fail));
    if (!below || PICTURE.test(file.name) || file.type.startsWith("image/")) found.push(file);
    return;
  }
  const reader = entry.createReader();
  for (;;) { // it tells a hundred at a time
    const some = await new Promise((done, fail) => reader.readEntries(done, fail));
    if (!some.length) return;
    for (const one of some) await collect(one, found, true);
  }
}

/** Raises a Fault where a file cannot be read: sent as it is, it would look like a lost server. */
export async function readable(file) {
  try {
    await file.slice(0, 1).arrayBuffer();
  } catch {
    throw new Fault(`${file.name} cannot be read.`);
  }
}
