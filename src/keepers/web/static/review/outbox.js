// Choices on their way to the disk: one after the other, kept in the browser until the server has said that they are safe.

import { Away, LockedOut, Refused } from "./api.js";

/** @typedef {import("./types.js").Write} Write */

const RETRY = 1000;

export class Outbox {
  /** @type {Write[]} the first one may be on its way */
  writes = [];
  /** @type {"" | "away" | "locked"} */
  trouble = "";
  #sending = false;
  #key = "";
  #prefix = "";
  /** @type {(() => void) | null} */
  #wake = null;

  /**
   * @param {string} shoot
   * @param {(write: Write) => Promise<import("./types.js").Change>} send
   * @param {{settled: (write: Write, change: import("./types.js").Change) => void, refused: (write: Write, sentence: string) => void, changed: () => void}} on
   */
  constructor(shoot, send, on) {
    this.send = send;
    this.on = on;
    this.#prefix = `keepers-queue-${shoot}-`;
    const tab = sessionStorage.getItem("keepers-tab") ?? Math.random().toString(36).slice(2);
    sessionStorage.setItem("keepers-tab", tab);
    this.#key = this.#prefix + tab;
  }

  /** Take up what this tab, or one that is closed, could not deliver. */
  async adopt() {
    const held = await navigator.locks?.query();
    const alive = new Set(held?.held?.map((lock) => lock.name));
    for (const key of Object.keys(localStorage).filter((name) => name.startsWith(this.#prefix))) {
      if (key !== this.#key && alive.has(key)) continue;
      this.writes.push(...read(key));
      localStorage.removeItem(key);
    }
    // The lock ends with the tab, and tells the others that it is alive.
    void navigator.locks?.request(this.#key, () => new Promise(() => {}));
    this.#kept();
    void this.#deliver();
  }

  /** @param {Write} write */
  add(write) {
    this.writes.push(write);
    this.#kept();
    void this.#deliver();
  }

  /** Take back the latest write that has not left yet; null where all have. @returns {Write | null} */
  takeBack() {
    const last = this.writes.at(-1);
    if (!last || last.verb === "undo" || last.verb === "redo") return null;
    if (this.writes.length === 1 && this.#sending && !this.trouble) return null;
    this.writes.pop();
    this.#kept();
    return last;
  }

  /** The server may be back: try at once. */
  retry() {
    this.#wake?.();
    void this.#deliver();
  }

  async #deliver() {
    if (this.#sending) return;
    this.#sending = true;
    for (let write = this.writes[0]; write; write = this.writes[0]) {
      const sent = write;
      try {
        const change = await this.send(sent);
        this.#done(sent);
        this.on.settled(sent, change);
      } catch (error) {
        if (error instanceof Away || error instanceof LockedOut) await this.#pause(error);
        else {
          this.#done(sent);
          this.on.refused(sent, error instanceof Refused ? error.message : String(error));
        }
      }
    }
    this.#sending = false;
  }

  /** @param {Write} write */
  #done(write) {
    this.trouble = "";
    this.writes = this.writes.filter((one) => one !== write);
    this.#kept();
  }

  /** @param {Error} error */
  async #pause(error) {
    this.trouble = error instanceof Away ? "away" : "locked";
    this.on.changed();
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, RETRY);
      this.#wake = () => {
        clearTimeout(timer);
        resolve(undefined);
      };
    });
    this.#wake = null;
  }

  #kept() {
    try {
      if (this.writes.length) localStorage.setItem(this.#key, JSON.stringify(this.writes));
      else localStorage.removeItem(this.#key);
    } catch {
      // Storage is full or forbidden: the choices still wait in memory.
    }
    this.on.changed();
  }
}

/** @param {string} key @returns {Write[]} */
function read(key) {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "[]");
  } catch {
    return [];
  }
}
