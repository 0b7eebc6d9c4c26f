// What the server says of its own accuracy: the account of `explain` for both services, side by side.

import { byId, el, lengthText } from "../map/dom.js";
import { errorText, heightsText, stepsOf } from "../map/operation.js";

const { L } = window;

export class Facts {
  constructor(map, truth) {
    this.map = map;
    this.truth = truth;
    this.body = byId("facts").querySelector("tbody");
    this.abort = null;
  }

  /** @param {{off: {service, settings}, on: {service, settings}}} pictures */
  async show(pictures, seen) {
    this.abort?.abort();
    const abort = new AbortController();
    this.abort = abort;
    const box = this.map.getBounds();
    const bounds = L.bounds(L.CRS.EPSG3857.project(box.getSouthWest()), L.CRS.EPSG3857.project(box.getNorthEast()));
    const size = this.map.getSize();
    try {
      const plans = await Promise.all(["off", "on"].map(
        (side) => pictures[side].service.explain(bounds, size, pictures[side].settings, abort.signal)));
      const cosine = Math.cos((this.map.getCenter().lat * Math.PI) / 180);
      this.draw(plans.map((plan) => plan.rasters[0]), (bounds.getSize().x / size.x) * cosine, seen);
    } catch (error) {
      if (error.name !== "AbortError") this.body.replaceChildren(el("tr", {}, el("td", { colspan: "3", class: "bad", text: error.message })));
    }
  }

  draw([off, on], pixelM, seen) {
    if (!off || !on) {
      this.body.replaceChildren(el("tr", {}, el("td", { colspan: "3", text: "The valley is not in this view." })));
      return;
    }
    const row = (name, ...cells) => el("tr", {}, el("th", { scope: "row", text: name }), ...cells.map((cell) => el("td", {}, cell)));
    const both = (name, text) => row(name, text(off), text(on));
    const errorM = on.grid_error_px * pixelM;
    const ground = errorM < 0.01 ? "< 1 cm" : `≤ ${lengthText(Number(errorM.toPrecision(2)))}`;
    this.body.replaceChildren(
      both("Sensor", (raster) => stepsOf(raster.operation).sensor),
      both("Heights", (raster) => heightsText(stepsOf(raster.operation).terrain)),
      both("Grid step", (raster) => `from ${raster.grid_step_px} px`),
      both("Grid error", (raster) => errorText(raster.grid_error_px)),
      row("Ground off by",
        el("strong", { class: "bad", text: `up to ${lengthText(this.truth.off_m[seen])}` }),
        el("strong", { class: "good", text: ground })));
  }
}
