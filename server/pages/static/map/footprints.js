// The outlines of the rasters in view, asked for page by page.

import { dateText, el, itemColour, toast } from "./dom.js";

const { L } = window;

const PAGE = 250;
const MOST = 1500;

export class Footprints {
  constructor(map, service) {
    this.map = map;
    this.service = service;
    this.pane = map.createPane("footprints");
    this.pane.style.zIndex = "420";
    this.renderer = L.svg({ pane: "footprints", padding: 0.3 });
    this.group = L.featureGroup().addTo(map);
    this.byId = new Map();
    this.abort = null;
    this.shown = false;
    this.onCount = () => {};
    map.on("moveend", () => this.refresh());
  }

  set(shown, settings) {
    this.shown = shown;
    this.settings = settings;
    if (shown) this.refresh();
    else this.clear();
  }

  clear() {
    this.abort?.abort();
    this.group.clearLayers();
    this.byId.clear();
    this.onCount("");
  }

  async refresh() {
    if (!this.shown) return;
    this.abort?.abort();
    const abort = new AbortController();
    this.abort = abort;
    try {
      const features = await this.fetchAll(abort.signal);
      if (abort.signal.aborted) return;
      this.draw(features);
    } catch (error) {
      if (error.name !== "AbortError") toast(`Footprints: ${error.message}`, "error");
    }
  }

  async fetchAll(signal) {
    const box = this.map.getBounds();
    const west = Math.max(box.getWest(), -180);
    const east = Math.min(box.getEast(), 180);
    if (west >= east) return [];
    const fields = [this.service.idField, "Name", "Category", this.service.timeField].filter((name) =>
      this.service.fields.some((field) => field.name === name));
    const common = {
      f: "geojson",
      geometry: [west, Math.max(box.getSouth(), -90), east, Math.min(box.getNorth(), 90)].join(","),
      geometryType: "esriGeometryEnvelope",
      inSR: "4326",
      outSR: "4326",
      outFields: fields.join(","),
      orderByFields: this.service.idField,
      resultRecordCount: String(PAGE),
    };
    if (fields.includes("Category")) common.where = "Category = 1";
    if (this.settings.time) common.time = `${this.settings.time.start},${this.settings.time.end}`;
    const found = [];
    for (let offset = 0; offset < MOST; offset += PAGE) {
      const page = await this.service.query({ ...common, resultOffset: String(offset) }, signal);
      found.push(...page.features);
      const more = page.exceededTransferLimit ?? page.properties?.exceededTransferLimit;
      if (page.features.length < PAGE && !more) {
        this.onCount(`${found.length}`);
        return found;
      }
      if (page.features.length === 0) break;
    }
    this.onCount(`first ${found.length}`);
    return found;
  }

  draw(features) {
    this.group.clearLayers();
    this.byId.clear();
    for (const feature of features) {
      const id = feature.id ?? feature.properties[this.service.idField];
      const layer = L.geoJSON(feature, {
        pane: "footprints",
        renderer: this.renderer,
        bubblingMouseEvents: true,
        style: () => ({ color: itemColour(id), weight: 1.6, opacity: 0.95, fillColor: itemColour(id), fillOpacity: 0.04 }),
      });
      layer.bindTooltip(() => this.tip(id, feature.properties), { sticky: true, className: "tip" });
      layer.on("mouseover", () => this.highlight(id));
      layer.on("mouseout", () => this.highlight(null));
      this.byId.set(Number(id), layer);
      this.group.addLayer(layer);
    }
  }

  tip(id, properties) {
    const time = properties[this.service.timeField];
    return el("span", {},
      el("strong", { text: properties.Name ?? `OBJECTID ${id}` }),
      Number.isFinite(time) ? el("span", { class: "soft", text: ` ${dateText(time)}` }) : null);
  }

  /** Make one raster stand out, wherever it is named on the page; null for none. */
  highlight(id) {
    for (const [key, layer] of this.byId) {
      const chosen = id !== null && key === Number(id);
      layer.setStyle({ weight: chosen ? 4 : 1.6, fillOpacity: chosen ? 0.22 : 0.04 });
      if (chosen) layer.bringToFront();
    }
  }

  /** Box of a raster that is in view, or null. */
  boundsOf(id) {
    return this.byId.get(Number(id))?.getBounds() ?? null;
  }
}
