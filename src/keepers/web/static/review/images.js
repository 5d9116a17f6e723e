// Pictures that are decoded before they are wanted, so that the next photo is there when the key goes down.

import { image } from "./api.js";

/** Pictures of screen size that are kept; about 12 MB each once decoded. */
const KEPT = 14;
const FULL_KEPT = 9;
const AT_ONCE = 3;

/** @typedef {{img: HTMLImageElement, ready: boolean, promise: Promise<HTMLImageElement>}} Loaded */

class Shelf {
  /** @type {Map<string, Loaded>} the latest used last */
  #loaded = new Map();

  /** @param {"fit" | "full"} size @param {number} kept */
  constructor(size, kept) {
    this.size = size;
    this.kept = kept;
  }

  /** @param {string} pid @returns {HTMLImageElement | null} decoded, or null */
  ready(pid) {
    const found = this.#loaded.get(pid);
    return found?.ready ? found.img : null;
  }

  /** @param {string} pid @returns {Promise<HTMLImageElement>} */
  get(pid) {
    const found = this.#loaded.get(pid);
    if (found) {
      this.#loaded.delete(pid);
      this.#loaded.set(pid, found);
      return found.promise;
    }
    const img = new Image();
    img.decoding = "async";
    img.draggable = false;
    img.alt = "";
    img.src = image(pid, this.size);
    /** @type {Loaded} */
    const entry = {
      img,
      ready: false,
      promise: img.decode().then(() => {
        entry.ready = true;
        return img;
      }),
    };
    entry.promise.catch(() => this.#loaded.delete(pid));
    this.#loaded.set(pid, entry);
    this.#trim();
    return entry.promise;
  }

  #trim() {
    for (const [pid, entry] of this.#loaded) {
      if (this.#loaded.size <= this.kept) return;
      if (entry.img.isConnected) continue;
      if (!entry.ready) entry.img.src = "";
      this.#loaded.delete(pid);
    }
  }

  /** @param {string} pid */
  has(pid) {
    return this.#loaded.has(pid);
  }
  loading() {
    return [...this.#loaded.values()].filter((entry) => !entry.ready).length;
  }
}

export const fit = new Shelf("fit", KEPT);
export const full = new Shelf("full", FULL_KEPT);

/** @type {string[]} */
let wanted = [];

/**
 * Fetch and decode these when there is nothing better to do; what was wanted before is forgotten.
 * @param {string[]} pids nearest first
 */
export function prefetch(pids) {
  wanted = pids.slice(0, KEPT - 4);
  pump();
}

function pump() {
  while (fit.loading() < AT_ONCE) {
    const next = wanted.find((pid) => !fit.has(pid));
    if (next === undefined) return;
    wanted = wanted.filter((pid) => pid !== next);
    fit.get(next).then(pump, () => {});
  }
}
