// Talking to the server: questions, writes with their secret, and the stream of what other tabs do.

const SHOOT = document.body.dataset.shoot ?? "";
let csrf = document.body.dataset.csrf ?? "";

/** The server does not answer: what was to be stored has to wait. */
export class Away extends Error {}

/** The server answers, but not to us: it was started anew, and its link has to be opened in this browser. */
export class LockedOut extends Error {}

/** The server answered with a sentence that says why not. */
export class Refused extends Error {
  /** @param {string} sentence @param {number} status */
  constructor(sentence, status) {
    super(sentence);
    this.status = status;
  }
}

/**
 * @param {string} path
 * @param {RequestInit} [options]
 * @returns {Promise<any>}
 */
async function request(path, options = {}) {
  /** @type {Response} */
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Away("keepers does not answer.");
  }
  if ([502, 503, 504].includes(response.status)) throw new Away("keepers does not answer.");
  const said = await response.json().catch(() => ({}));
  if (response.status === 403) throw new LockedOut(said.error ?? "keepers was started anew.");
  if (!response.ok) throw new Refused(said.error ?? `keepers answered ${response.status}.`, response.status);
  return said;
}

/** @param {string} path @param {unknown} body @returns {Promise<any>} */
async function post(path, body) {
  const options = () => ({
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Keepers-CSRF": csrf },
    body: JSON.stringify(body),
  });
  try {
    return await request(path, options());
  } catch (error) {
    // A server that was started anew has a new secret; whoever has its cookie may read it from the page.
    if (!(error instanceof LockedOut) || !(await renew())) throw error;
    return request(path, options());
  }
}

/** True where a new secret was found. */
async function renew() {
  try {
    const page = await fetch(`/shoots/${SHOOT}`);
    const found = page.ok && /data-csrf="([\w-]+)"/.exec(await page.text())?.[1];
    if (!found || found === csrf) return false;
    csrf = found;
    return true;
  } catch {
    return false;
  }
}

/** @returns {Promise<import("./types.js").ShootAnswer>} */
export const shoot = () => request(`/api/shoots/${SHOOT}`);
/** @param {string} pid @returns {Promise<import("./types.js").Details>} */
export const details = (pid) => request(`/api/photos/${pid}`);
/** @returns {Promise<{audit: number, ids: string[]}>} */
export const audit = () => post(`/api/shoots/${SHOOT}/audits`, {});
/**
 * @param {number} audit
 * @param {{keep: string[], delete: string[], store: boolean}} answers
 * @returns {Promise<import("./types.js").Audited>}
 */
export const audited = (audit, answers) => post(`/api/shoots/${SHOOT}/audits/${audit}`, answers);
/** @returns {Promise<{name: string, does: string, options: string[]}[]>} */
export const exporters = () => request("/api/exporters").then((answer) => answer.exporters);
/** @param {Record<string, unknown>} body @returns {Promise<import("./types.js").Exported>} */
export const exported = (body) => post(`/api/shoots/${SHOOT}/export`, body);
export const stopExport = () => post(`/api/shoots/${SHOOT}/export/stop`, {});
/** @param {number} job @returns {Promise<{restored: number, refused: string[]}>} */
export const undoJob = (job) => post(`/api/jobs/${job}/undo`, {});
/** @param {import("./types.js").Write} write @returns {Promise<import("./types.js").Change>} */
export const store = (write) => post(`/api/shoots/${SHOOT}/${write.verb}`, write.body);
/** @param {string} pid @param {"thumb" | "fit" | "full"} size */
export const image = (pid, size) => `/api/photos/${pid}/image/${size}.jpg`;
/** @param {string} pid @param {"sharp" | "clipping"} kind */
export const overlay = (pid, kind) => `/api/photos/${pid}/overlay/${kind}.png`;
export const shootId = SHOOT;

/**
 * Listen to the server for as long as the page is open; a stream that breaks is opened again.
 * @param {{hello: (data: any) => void, change: (data: any) => void, progress: (data: any) => void, lost: () => void}} on
 */
export function listen(on) {
  const source = new EventSource(`/api/shoots/${SHOOT}/events`);
  const parsed = (/** @type {(data: any) => void} */ heard) => (/** @type {MessageEvent} */ event) =>
    heard(JSON.parse(event.data));
  source.addEventListener("hello", parsed(on.hello));
  source.addEventListener("change", parsed(on.change));
  source.addEventListener("progress", parsed(on.progress));
  source.addEventListener(
    "exporting",
    parsed((detail) => document.dispatchEvent(new CustomEvent("keepers-exporting", { detail }))),
  );
  source.addEventListener("error", () => {
    on.lost();
    source.close();
    setTimeout(() => listen(on), 1000);
  });
  addEventListener("pagehide", () => source.close(), { once: true });
}
