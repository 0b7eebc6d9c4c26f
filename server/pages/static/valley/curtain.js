// Two pictures side by side: what lies left of a handle, and what lies right of it.

import { byId, el } from "../map/dom.js";

export class Curtain {
  /** @param {L.Map} map  with panes "off" (left) and "on" (right) */
  constructor(map) {
    this.map = map;
    this.share = 0.62;
    this.mode = "compare";
    this.handle = el("div", {
      id: "swipe", class: "swipe", role: "slider", tabindex: "0",
      "aria-label": "Terrain off left, terrain on right", "aria-valuemin": "0", "aria-valuemax": "100",
      onkeydown: (event) => this.key(event), onpointerdown: (event) => this.grab(event),
    }, el("span", { class: "swipe-grip", "aria-hidden": "true", text: "‹ ›" }));
    byId("map").after(this.handle);
    map.on("move zoom resize viewreset", () => this.draw());
  }

  /** @param {"off"|"compare"|"on"} mode */
  set(mode) {
    this.mode = mode;
    this.draw();
  }

  draw() {
    const size = this.map.getSize();
    const start = this.map.containerPointToLayerPoint([0, 0]);
    const end = start.add(size);
    const share = { off: 1, compare: this.share, on: 0 }[this.mode];
    const middle = start.x + size.x * share;
    const box = (left, right) => `polygon(${left}px ${start.y}px, ${right}px ${start.y}px, ${right}px ${end.y}px, ${left}px ${end.y}px)`;
    this.map.getPane("off").style.clipPath = box(start.x, middle);
    this.map.getPane("on").style.clipPath = box(middle, end.x);
    this.handle.hidden = this.mode !== "compare";
    this.handle.style.left = `${this.share * 100}%`;
    this.handle.setAttribute("aria-valuenow", String(Math.round(this.share * 100)));
    this.label("off", "left");
    this.label("on", "right");
  }

  label(side, place) {
    const label = byId(`label-${side}`);
    const alone = this.mode === side;
    label.hidden = !alone && this.mode !== "compare";
    label.dataset.side = alone ? "middle" : place;
    label.style.left = alone ? "62%" : `${this.share * 100}%`;
  }

  moveTo(share) {
    this.share = Math.min(Math.max(share, 0.02), 0.98);
    this.draw();
  }

  key(event) {
    const by = { ArrowLeft: -0.02, ArrowRight: 0.02 }[event.key];
    if (!by) return;
    event.preventDefault();
    event.stopPropagation();
    this.moveTo(this.share + by);
  }

  grab(event) {
    event.preventDefault();
    this.handle.setPointerCapture(event.pointerId);
    const move = (moved) => this.moveTo(moved.clientX / this.map.getSize().x);
    this.handle.addEventListener("pointermove", move);
    this.handle.addEventListener("pointerup", () => this.handle.removeEventListener("pointermove", move), { once: true });
  }
}
