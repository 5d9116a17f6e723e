// What the server knows of single photos, asked for once each and a little ahead.

import * as api from "./api.js";

const KEPT = 300;
/** @type {Map<string, Promise<import("./types.js").Details>>} */
const known = new Map();
/** @type {Map<string, import("./types.js").Details>} those that are here */
const here = new Map();

/** @param {string} pid */
export function details(pid) {
  const found = known.get(pid);
  if (found) return found;
  const asked = api.details(pid);
  asked.then(
    (told) => {
      if (known.get(pid) === asked) here.set(pid, told);
    },
    () => known.delete(pid),
  );
  known.set(pid, asked);
  const oldest = known.keys().next().value;
  if (known.size > KEPT && oldest !== undefined) forget(new Set([oldest]));
  return asked;
}

/** What is known without asking. @param {string} pid */
export const atHand = (pid) => here.get(pid) ?? null;

/** What was said of these may have changed. @param {Set<string> | null} ids */
export function forget(ids) {
  for (const id of ids ?? [...known.keys()]) {
    known.delete(id);
    here.delete(id);
  }
}
