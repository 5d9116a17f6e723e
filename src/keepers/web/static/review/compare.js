// Two to nine frames side by side that zoom and move together, and every person's face in each of them.

import { details } from "./details.js";
import { dressLetter, make } from "./dom.js";
import { follow } from "./gestures.js";
import * as images from "./images.js";
import { tiling } from "./layout.js";
import { bestOf, mainFaces, people } from "./people.js";
import { Picture } from "./picture.js";
import { badge, GROUPS } from "./words.js";
import * as zoom from "./zoom.js";

/**
 * @typedef {import("./people.js").Person} Person
 * @typedef {{picture: Picture, figure: HTMLElement, letter: HTMLElement, name: HTMLElement, note: HTMLElement, pid: string}} Pane
 */

const MOST = 9;
const CROP = 80;

/**
 * What to compare: the selection, else the burst of the current photo, else it and its neighbour.
 * @param {import("./table.js").Table} table @returns {string[]}
 */
export function candidates(table) {
  const { selection, shoot } = table;
  const chosen = [...selection.chosen].filter((pid) => !shoot.row(pid)?.error);
  if (chosen.length > 1) return table.meant().slice(0, MOST);
  const row = table.row;
  if (!row) return [];
  const group = row.group === null ? undefined : shoot.groups.get(row.group);
  const members = group?.members.filter((pid) => !shoot.row(pid)?.error) ?? [];
  const place = table.place(row.id);
  const around =
    members.length > 1
      ? members
      : [row.id, table.order[place + 1] ?? table.order[place - 1]].filter((pid) => pid !== undefined);
  const start = Math.max(0, Math.min(around.indexOf(row.id) - 4, around.length - MOST));
  return around.slice(start, start + MOST);
}

export class Compare {
  /** @type {Pane[]} */
  panes = [];
  /** @type {Person[]} */
  #people = [];
  #person = -1;
  /** All frames are of one group: faces at one place are of one person. */
  #together = false;
  #round = 0;

  /**
   * @param {{panes: HTMLElement, faces: HTMLElement, title: HTMLElement}} places
   * @param {import("./table.js").Table} table
   */
  constructor(places, table) {
    this.places = places;
    this.table = table;
    new ResizeObserver(() => this.#tile()).observe(places.panes);
  }

  /** @param {string[]} pids */
  open(pids) {
    this.#round++;
    this.#person = -1;
    this.panes = pids.map((pid) => this.#pane(pid));
    this.places.panes.replaceChildren(...this.panes.map((pane) => pane.figure));
    this.places.faces.replaceChildren();
    this.places.faces.hidden = true;
    this.#tile();
    const row = this.table.row;
    const group = row?.group === null || row === undefined ? undefined : this.table.shoot.groups.get(row.group);
    const whole = group && pids.every((pid) => group.members.includes(pid));
    this.places.title.textContent = whole
      ? `${GROUPS[group.kind] ?? "Group"}: ${pids.length} of ${group.members.length}. ${group.why}`
      : `${pids.length} photos`;
    this.refresh();
    void this.#meet();
  }

  /** @param {string} pid @returns {Pane} */
  #pane(pid) {
    const picture = new Picture("Frame");
    const letter = make("span", { class: "letter", "aria-hidden": "true" });
    const name = make("span", { class: "name" });
    const note = make("span", { class: "note" });
    const figure = make("figure", { class: "frame" }, picture.element, make("figcaption", {}, letter, name, note));
    const pane = { picture, figure, letter, name, note, pid };
    figure.addEventListener("pointerdown", () => {
      if (this.table.current !== pid) this.table.select({ ...this.table.selection, current: pid });
    });
    follow(picture.element, {
      zoomed: () => picture.zoomed,
      pan: (dx, dy) => this.#all((one) => zoom.panned(one.view, one.photo, one.pane, dx, dy)),
      zoom: (factor, x, y) => this.#zoomBy(picture, factor, x, y),
      toggle: (x, y) => this.toggle(x, y, picture),
      swipe: (step) => this.move(step),
    });
    const row = this.table.shoot.row(pid);
    if (row) void picture.show(row);
    return pane;
  }

  /** @param {(picture: Picture) => zoom.View} change */
  #all(change) {
    for (const { picture } of this.panes) picture.look(change(picture));
  }

  /** @param {Picture} from @param {number} factor @param {number} x @param {number} y */
  #zoomBy(from, factor, x, y) {
    const scale = Math.min(zoom.scaleOf(from.view, from.photo, from.pane) * factor, 4 / devicePixelRatio);
    this.#all((one) => zoom.zoomAt(one.view, one.photo, one.pane, x, y, scale));
  }

  /** @param {number} [x] @param {number} [y] @param {Picture} [from] */
  toggle(x, y, from = this.panes[0]?.picture) {
    if (!from) return;
    this.#person = -1;
    if (from.zoomed) return this.#all(() => zoom.WHOLE);
    this.#all((one) => {
      const scale = zoom.closeUp(one.photo, one.pane, devicePixelRatio);
      return zoom.zoomAt(one.view, one.photo, one.pane, x ?? one.pane.width / 2, y ?? one.pane.height / 2, scale);
    });
  }

  /** @param {number} step */
  move(step) {
    const here = this.panes.findIndex((pane) => pane.pid === this.table.current);
    const next = this.panes[Math.min(this.panes.length - 1, Math.max(0, here + step))];
    if (next) this.table.select({ ...this.table.selection, current: next.pid });
  }

  /** @param {1 | -1} step */
  moveRow(step) {
    this.move(step * this.#columns);
  }
  #columns = 1;

  #tile() {
    const { clientWidth, clientHeight } = this.places.panes;
    if (!clientWidth || !this.panes.length) return;
    const row = this.table.shoot.row(this.panes[0]?.pid ?? "");
    const [columns, rows] = tiling(
      this.panes.length,
      clientWidth,
      clientHeight - 40,
      row?.width ? row.width / row.height : 1.5,
    );
    this.#columns = columns;
    this.places.panes.style.gridTemplateColumns = `repeat(${columns}, minmax(0, 1fr))`;
    this.places.panes.style.gridTemplateRows = `repeat(${rows}, minmax(0, 1fr))`;
  }

  /** Show the verdicts and which frame is the current one. */
  refresh() {
    for (const pane of this.panes) {
      const row = this.table.shoot.row(pane.pid);
      if (!row) continue;
      const group = row.group === null ? undefined : this.table.shoot.groups.get(row.group);
      const best = group?.best === pane.pid;
      dressLetter(pane.letter, row);
      pane.name.textContent = row.name;
      pane.note.textContent = [best ? (group.tied ? "best, tied" : "best") : "", badge(row), "★".repeat(row.stars)]
        .filter(Boolean)
        .join(" · ");
      pane.figure.classList.toggle("best", best);
      pane.figure.classList.toggle("current", pane.pid === this.table.current);
      pane.figure.classList.toggle("rejected", row.choice === "delete");
      pane.figure.classList.toggle("unsaved", this.table.shoot.unsaved.has(pane.pid));
    }
    for (const crop of this.places.faces.querySelectorAll("button"))
      crop.classList.toggle("current", crop.dataset.pid === this.table.current);
  }

  async #meet() {
    const round = this.#round;
    const told = await Promise.all(this.panes.map(({ pid }) => details(pid).catch(() => null)));
    if (round !== this.#round) return;
    const frames = this.panes.map(({ pid }, i) => {
      const row = this.table.shoot.row(pid);
      return { faces: told[i]?.faces ?? [], width: row?.width || 1, height: row?.height || 1 };
    });
    this.#together = new Set(this.panes.map(({ pid }) => this.table.shoot.row(pid)?.group ?? pid)).size === 1;
    this.#people = this.#together ? people(frames) : mainFaces(frames);
    this.places.faces.hidden = this.#people.length === 0;
    this.places.faces.replaceChildren(...this.#people.map((person, p) => this.#row(person, p)));
    this.refresh();
  }

  /** @param {Person} person @param {number} p */
  #row(person, p) {
    const best = this.#together
      ? bestOf(
          person,
          this.panes.map(({ pid }) => this.#worth(pid)),
        )
      : -1;
    const crops = person.map((face, i) => {
      const pane = this.panes[i];
      if (!face || !pane) return make("span", { class: "absent", title: "not seen in this frame" }, "–");
      const state = face.eyes === "unknown" ? "eyes ?" : `eyes ${face.eyes}`;
      const canvas = make("canvas", { width: String(2 * CROP), height: String(2 * CROP) });
      const crop = make(
        "button",
        {
          type: "button",
          class: i === best ? "crop best" : "crop",
          "aria-label": `Person ${p + 1} in ${pane.name.textContent}: ${state}${i === best ? ", best" : ""}`,
        },
        canvas,
        make("span", { class: `eyes-${face.eyes}` }, i === best ? `${state} · best` : state),
      );
      crop.dataset.pid = pane.pid;
      crop.addEventListener("click", () => {
        this.table.select({ ...this.table.selection, current: pane.pid });
        this.zoomTo(p);
      });
      images.fit.get(pane.pid).then(
        (img) => draw(canvas, img, face, this.table.shoot.row(pane.pid)),
        () => {},
      );
      return crop;
    });
    return make("div", { class: "person", role: "group", "aria-label": `Person ${p + 1}` }, ...crops);
  }

  /**
   * A frame that is to be deleted is not the best of a face that is seen as well in another one.
   * @param {string} pid
   */
  #worth(pid) {
    const row = this.table.shoot.row(pid);
    const group = row?.group === null || row === undefined ? undefined : this.table.shoot.groups.get(row.group);
    return row?.machine === "delete" ? -15 : group?.best === pid ? 0.25 : 0;
  }

  /** Every frame at the face of one person; frames without it stay where they are. @param {number} p */
  zoomTo(p) {
    this.#person = p;
    const person = this.#people[p];
    this.panes.forEach(({ picture }, i) => {
      const face = person?.[i];
      if (face) picture.look(zoom.faceView(face.box, picture.photo, picture.pane, devicePixelRatio));
      else if (!person) picture.look(zoom.WHOLE);
    });
  }

  nextFace() {
    if (!this.#people.length) return this.table.shoot.tell("No face was found in these photos.");
    this.zoomTo(this.#person + 1 >= this.#people.length ? -1 : this.#person + 1);
  }

  whole() {
    this.#all(() => zoom.WHOLE);
  }

  get zoomed() {
    return this.panes.some(({ picture }) => picture.zoomed);
  }
}

/**
 * A square around the face with a little hair and chin.
 * @param {HTMLCanvasElement} canvas
 * @param {HTMLImageElement} img
 * @param {import("./types.js").Face} face
 * @param {import("./types.js").Row | undefined} row
 */
function draw(canvas, img, face, row) {
  if (!row?.width) return;
  const scale = img.naturalWidth / row.width;
  const [x, y, w, h] = face.box;
  const side = 1.35 * Math.max(w, h) * scale;
  const context = canvas.getContext("2d");
  context?.drawImage(
    img,
    (x + w / 2) * scale - side / 2,
    (y + h / 2) * scale - side / 2,
    side,
    side,
    0,
    0,
    canvas.width,
    canvas.height,
  );
}
