// The loupe: one photo as large as the window, at its pixels on demand, with everything keepers saw in it.

import { atHand, details } from "./details.js";
import { follow } from "./gestures.js";
import { prefetch } from "./images.js";
import { fill } from "./info.js";
import { Picture } from "./picture.js";
import { Strip } from "./strip.js";
import * as zoom from "./zoom.js";

const AHEAD = [1, -1, 2, 3, -2, 4, 5, -3];

export class Loupe {
  #face = -1;
  #details = 0;
  /** @type {import("./picture.js").Layers} what O switches on */
  layers = { sharp: false, clipping: true, faces: true };
  overlaid = false;

  /**
   * @param {{stage: HTMLElement, panel: HTMLElement, strip: HTMLElement}} places
   * @param {import("./table.js").Table} table
   */
  constructor(places, table) {
    this.table = table;
    this.panel = places.panel;
    this.picture = new Picture("Photo");
    places.stage.append(this.picture.element);
    this.strip = new Strip(places.strip, table);
    follow(this.picture.element, {
      zoomed: () => this.picture.zoomed,
      pan: (dx, dy) => this.#look(zoom.panned(this.picture.view, this.picture.photo, this.picture.pane, dx, dy)),
      zoom: (factor, x, y) => this.#zoomBy(factor, x, y),
      toggle: (x, y) => this.toggle(x, y),
      swipe: (step) => table.move(step),
    });
  }

  /** Show the current photo; the view stays where it is. */
  show() {
    const row = this.table.row;
    if (!row) return;
    performance.mark("keepers-wanted", { detail: row.id });
    this.#face = -1;
    const shown = this.picture.show(row);
    this.strip.draw();
    const place = this.table.place(row.id);
    prefetch(AHEAD.map((step) => this.table.order[place + step]).filter((pid) => pid !== undefined));
    fill(this.panel, row, atHand(row.id));
    void this.describe();
    void shown.then(() => performance.mark("keepers-shown", { detail: row.id }));
    for (const step of [1, -1]) {
      const pid = this.table.order[place + step];
      if (pid !== undefined && !this.table.shoot.row(pid)?.error) details(pid).catch(() => {});
    }
  }

  /** Fill the panel and the faces, once they are known. */
  async describe() {
    const row = this.table.row;
    if (!row) return;
    const mine = ++this.#details;
    try {
      const [told] = await Promise.all([
        details(row.id),
        this.picture.shown?.id === row.id ? null : this.picture.show(row),
      ]);
      if (mine !== this.#details) return;
      fill(this.panel, this.table.shoot.row(row.id) ?? row, told);
      this.picture.meet(told.faces);
    } catch {
      // The row itself is shown already.
    }
  }

  /** @param {zoom.View} view */
  #look(view) {
    this.picture.look(view);
  }

  /** @param {number} factor @param {number} x @param {number} y */
  #zoomBy(factor, x, y) {
    const { view, photo, pane } = this.picture;
    const scale = Math.min(zoom.scaleOf(view, photo, pane) * factor, 4 / devicePixelRatio);
    this.#look(zoom.zoomAt(view, photo, pane, x, y, scale));
  }

  /**
   * One photo pixel on one screen pixel, at a point of the pane or where it was last; or all of it again.
   * @param {number} [x]
   * @param {number} [y]
   */
  toggle(x, y) {
    const { view, photo, pane, zoomed } = this.picture;
    this.#face = -1;
    if (zoomed) {
      this.#place = { x: view.x, y: view.y };
      return this.#look(zoom.WHOLE);
    }
    const scale = zoom.closeUp(photo, pane, devicePixelRatio);
    if (x !== undefined && y !== undefined) return this.#look(zoom.zoomAt(view, photo, pane, x, y, scale));
    return this.#look({ scale, ...this.#place });
  }

  #place = { x: 0.5, y: 0.5 };

  /** The next face, and after the last one the whole picture. */
  nextFace() {
    const { faces, photo, pane } = this.picture;
    if (!faces.length) return this.table.shoot.tell("No face was found in this photo.");
    const counting = faces.some((face) => face.person !== null) ? faces.filter((face) => face.person !== null) : faces;
    this.#face = this.#face + 1 >= counting.length ? -1 : this.#face + 1;
    const face = counting[this.#face];
    return this.#look(face ? zoom.faceView(face.box, photo, pane, devicePixelRatio) : zoom.WHOLE);
  }

  whole() {
    this.#look(zoom.WHOLE);
  }

  /** @param {Partial<import("./picture.js").Layers>} [change] without it, all are switched */
  overlay(change) {
    if (change) this.layers = { ...this.layers, ...change };
    this.overlaid = change ? Object.values(this.layers).some(Boolean) : !this.overlaid;
    this.picture.lay(this.overlaid ? this.layers : { sharp: false, clipping: false, faces: false });
  }
}
