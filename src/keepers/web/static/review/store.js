// The shoot as the page knows it: what the server has stored, with what is still on its way laid over it.

import * as api from "./api.js";
import { Outbox } from "./outbox.js";

/**
 * @typedef {import("./types.js").Row} Row
 * @typedef {import("./types.js").Write} Write
 * @typedef {import("./types.js").Change} Change
 * @typedef {{ids: Set<string> | null, fresh: boolean, judged: boolean}} News `ids` whose rows changed, null for all;
 *   `fresh`: photos came or went; `judged`: verdicts have come
 */

const NAMES = new Intl.Collator("en", { numeric: true });

export class Shoot {
  /** @type {Map<string, Row>} as stored, in the order of their paths */
  #stored = new Map();
  /** @type {Map<string, Row>} as shown */
  #shown = new Map();
  /** @type {Map<string, number>} version of each row that is newer than the shoot's first answer */
  #versions = new Map();
  /** @type {Map<number, import("./types.js").Group>} */
  groups = new Map();
  /** @type {Set<string>} photos whose choice is not on the disk yet */
  unsaved = new Set();
  version = -1;
  state = "";
  /** @type {string | null} */
  error = null;
  progress = { done: 0, total: 0 };
  canUndo = false;
  canRedo = false;
  connected = true;
  /** @type {((news: News) => void)[]} */
  #listeners = [];
  /** @type {(sentence: string) => void} */
  tell = () => {};
  #heard = false;
  #wanted = false;
  /** @type {Promise<void> | null} */
  #loading = null;

  constructor() {
    this.outbox = new Outbox(api.shootId, api.store, {
      settled: (write, change) => this.#settled(write, change),
      refused: (write, sentence) => {
        this.tell(sentence);
        this.#overlay(new Set(write.ids));
      },
      changed: () => this.#say(new Set()),
    });
  }

  /** @param {(news: News) => void} listener */
  listen(listener) {
    this.#listeners.push(listener);
  }
  /** @param {Set<string> | null} ids */
  #say(ids, fresh = false, judged = false) {
    for (const listener of this.#listeners) listener({ ids, fresh, judged });
  }

  /** @returns {Row[]} */
  rows() {
    return [...this.#shown.values()];
  }
  /** @param {string | null} pid */
  row(pid) {
    return pid === null ? undefined : this.#shown.get(pid);
  }
  get size() {
    return this.#shown.size;
  }

  /** Fetch everything, and follow what happens from now on. */
  async open() {
    await this.reload();
    await this.outbox.adopt();
    this.#overlay(new Set(this.outbox.writes.flatMap((write) => write.ids)));
    api.listen({
      hello: (data) => this.#hello(data),
      change: (data) => this.#changed(data),
      progress: (data) => this.#progressed(data),
      lost: () => {
        this.connected = false;
        this.#say(new Set());
      },
    });
  }

  /** Fetch everything; of two that are wanted while one is on its way, one is fetched. */
  async reload() {
    this.#wanted = true;
    this.#loading ??= this.#load().finally(() => (this.#loading = null));
    return this.#loading;
  }

  async #load() {
    while (this.#wanted) {
      this.#wanted = false;
      this.#renew(await api.shoot());
    }
  }

  /** @param {import("./types.js").ShootAnswer} answer */
  #renew(answer) {
    const newer = (/** @type {Row} */ row) => (this.#versions.get(row.id) ?? -1) > answer.version;
    const photos = [...answer.photos].sort((a, b) => NAMES.compare(a.path, b.path));
    const before = this.#stored;
    this.#stored = new Map(photos.map((row) => [row.id, (newer(row) && before.get(row.id)) || row]));
    this.#shown = new Map(this.#stored);
    const fresh = photos.length !== before.size || photos.some((row) => !before.has(row.id));
    const judged = photos.some((row) => row.judged && before.get(row.id)?.judged === false);
    if (answer.version >= this.version) {
      this.groups = new Map(answer.groups.map((group) => [group.id, group]));
      ({ version: this.version, state: this.state, error: this.error, progress: this.progress } = answer);
      [this.canUndo, this.canRedo] = [answer.can_undo, answer.can_redo];
    }
    for (const write of this.outbox.writes) this.#lay(new Set(write.ids));
    this.#say(null, fresh, judged);
  }

  /** Show it at once, and store it. @param {Write} write */
  write(write) {
    this.outbox.add(write);
    this.#overlay(new Set(write.ids));
  }

  undo() {
    const taken = this.outbox.takeBack();
    if (!taken) return this.write({ verb: "undo", ids: [], body: {} });
    this.#overlay(new Set(taken.ids));
    return undefined;
  }

  redo() {
    this.write({ verb: "redo", ids: [], body: {} });
  }

  /** @param {{version: number}} data */
  #hello(data) {
    const again = this.#heard || data.version !== this.version;
    this.#heard = true;
    this.connected = true;
    this.outbox.retry();
    if (again) void this.reload().catch(() => {});
    this.#say(new Set());
  }

  /** @param {{state: string, version: number, done: number, total: number, error?: string}} data */
  #progressed(data) {
    // Rows and verdicts of all photos are too much to be told; what single photos do comes as a change.
    if (data.version > this.version) void this.reload().catch(() => {});
    this.state = data.state;
    this.error = data.error ?? null;
    this.progress = { done: data.done, total: data.total };
    this.#say(new Set());
  }

  /** @param {Write} write @param {Change} change */
  #settled(write, change) {
    if (change.what) this.tell(change.what);
    this.connected = true;
    this.#changed(change);
    this.#overlay(new Set(write.ids));
  }

  /**
   * Rows of an older change never replace those of a newer one, in whichever order they arrive.
   * @param {Change} change
   */
  #changed(change) {
    const ids = new Set();
    let fresh = false;
    for (const row of change.photos) {
      if ((this.#versions.get(row.id) ?? -1) > change.version) continue;
      fresh ||= !this.#stored.has(row.id);
      this.#stored.set(row.id, row);
      this.#versions.set(row.id, change.version);
      ids.add(row.id);
    }
    for (const group of change.groups) this.groups.set(group.id, group);
    if (change.version >= this.version) {
      [this.version, this.canUndo, this.canRedo] = [change.version, change.can_undo, change.can_redo];
    }
    this.#overlay(ids, fresh);
  }

  /** @param {Set<string>} ids */
  #overlay(ids, fresh = false) {
    this.#lay(ids);
    this.#say(ids, fresh);
  }

  /** @param {Set<string>} ids */
  #lay(ids) {
    for (const id of ids) {
      const stored = this.#stored.get(id);
      if (stored) this.#shown.set(id, stored);
      this.unsaved.delete(id);
    }
    for (const write of this.outbox.writes) {
      for (const id of write.ids) {
        const row = ids.has(id) ? this.#shown.get(id) : undefined;
        if (!row) continue;
        this.#shown.set(id, after(row, write));
        this.unsaved.add(id);
      }
    }
  }
}

/** The row as it will be once `write` is stored. @param {Row} row @param {Write} write @returns {Row} */
function after(row, write) {
  if (write.verb === "marks") return { ...row, ...write.body };
  if (write.verb === "accept")
    return row.machine && row.choice === null ? { ...row, choice: row.machine, verdict: row.machine } : row;
  if (write.verb !== "choices") return row;
  const choice = /** @type {import("./types.js").Verdict | null} */ (write.body.verdict ?? null);
  return { ...row, choice, verdict: choice ?? row.machine };
}
