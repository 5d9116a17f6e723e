// What the server knows of single photos, asked for once each and a little ahead.

import * as api from "./api.js";

const KEPT = 300;
/** @type {Map<string, Promise<import("./types.js").Details>>} */
const known = new Map();

/** @param {string} pid */
export function details(pid) {
  const found = known.get(pid);
  if (found) return found;
  const asked = api.details(pid);
  asked.catch(() => known.delete(pid));
  known.set(pid, asked);
  const oldest = known.keys().next().value;
  if (known.size > KEPT && oldest !== undefined) known.delete(oldest);
  return asked;
}

/** What was said of these may have changed. @param {Set<string> | null} ids */
export function forget(ids) {
  if (ids === null) known.clear();
  else for (const id of ids) known.delete(id);
}
