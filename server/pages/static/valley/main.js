// What orthorectification does: two raw images of one valley, with the terrain and without.

import { BaseMap } from "../map/base_map.js";
import { byId, debounce, toast } from "../map/dom.js";
import { Service } from "../map/service.js";
import { DEFAULTS } from "../map/view_state.js";
import { Curtain } from "./curtain.js";
import { Facts } from "./facts.js";

const { L } = window;
const { root, on, off } = document.body.dataset;
const BLINK_MS = 900;
const START = { terrain: "compare", seen: "west", truth: true };

const REMARKS = {
  off: {
    west: "With one height for all the ground, hills lean away from the camera: straight roads bend, and the picture leaves the map.",
    east: "The same ground from the other side leans the other way. Neither picture fits the map.",
    blink: "The two images do not agree on where anything is: the whole valley jumps.",
  },
  compare: {
    west: "Drag the handle. Left, the roads wander off their dashed lines wherever the ground is not at the assumed height; right, they lie on them.",
    east: "Drag the handle. Left, the valley leans the other way than seen from the west; right, it is where it was.",
    blink: "Left, the valley jumps from one image to the other; right, it stands still.",
  },
  on: {
    west: "Each pixel is looked up through the terrain and the sensor model, in the one resampling that any picture takes.",
    east: "Another image from another side, and the same map: that is what orthorectified means.",
    blink: "Two images from two sides agree: only the light on the slopes could tell them apart.",
  },
};

function makeMap() {
  const map = L.map("map", { zoomControl: false, attributionControl: false, minZoom: 11, maxZoom: 18 });
  L.control.attribution({ position: "bottomright", prefix: "Leaflet" }).addTo(map);
  L.control.scale({ position: "bottomright", maxWidth: 130 }).addTo(map);
  L.control.zoom({ position: "topright" }).addTo(map);
  for (const [name, zIndex] of [["off", "210"], ["on", "211"]]) map.createPane(name).style.zIndex = zIndex;
  map.createPane("truth").style.zIndex = "320";
  map.getPane("truth").style.pointerEvents = "none";
  return map;
}

function readHash() {
  const [place, ...rest] = window.location.hash.replace(/^#/, "").split("&");
  const given = new URLSearchParams(rest.join("&"));
  const view = place.split("/").map(Number);
  const terrain = given.get("terrain");
  const seen = given.get("seen");
  return {
    view: view.length === 3 && view.every(Number.isFinite) && Math.abs(view[1]) <= 90 ? view : null,
    settings: {
      terrain: Object.hasOwn(REMARKS, terrain ?? "") ? terrain : START.terrain,
      seen: ["west", "east", "blink"].includes(seen) ? seen : START.seen,
      truth: given.get("truth") !== "0",
    },
  };
}

class Page {
  constructor(services, ids, truth) {
    this.services = services;
    this.ids = ids;
    this.layers = new Map();
    const { view, settings } = readHash();
    this.settings = settings;
    this.shown = settings.seen === "east" ? "east" : "west";
    this.map = makeMap();
    if (view) this.map.setView([view[1], view[2]], view[0], { animate: false });
    else this.place();
    this.base = new BaseMap(this.map, root);
    this.curtain = new Curtain(this.map);
    this.facts = new Facts(this.map, truth);
    this.truth = this.drawTruth(truth);
    this.form = byId("controls");
    this.form.addEventListener("change", () => this.read());
    byId("panel-toggle").addEventListener("click", () => this.foldPanel());
    if (window.innerWidth <= 720) this.foldPanel();
    this.map.on("moveend", debounce(() => this.settled(), 150));
    this.map.attributionControl.addAttribution("Invented by Swath");
    window.setInterval(() => this.tick(), BLINK_MS);
    this.apply();
  }

  place() {
    const [west, south, east, north] = this.services.on.tilejson.bounds;
    const wide = window.innerWidth > 720;
    this.map.setView([(south + north) / 2, (west + east) / 2], wide ? 14 : 13, { animate: false });
    // The middle of what the panel leaves free.
    this.map.panBy(wide ? [-178, 0] : [0, -28], { animate: false });
  }

  drawTruth(truth) {
    const renderer = L.canvas({ pane: "truth", padding: 0.3 });
    const lines = (style) => L.geoJSON(truth, { renderer, pane: "truth", interactive: false, style });
    return L.layerGroup([
      // Gaps show the road itself.
      lines({ color: "#00222c", weight: 4, opacity: 0.6, dashArray: "11 13", lineCap: "butt" }),
      lines({ color: "#35e6ff", weight: 2, opacity: 1, dashArray: "11 13", lineCap: "butt" }),
    ]);
  }

  pictureOf(side, seen) {
    return { service: this.services[side], settings: { ...DEFAULTS, method: "LockRaster", lockIds: [this.ids[side][seen]] } };
  }

  layer(side, seen) {
    const key = `${side} ${seen}`;
    if (!this.layers.has(key)) {
      const { service, settings } = this.pictureOf(side, seen);
      const [west, south, east, north] = service.tilejson.bounds;
      const bounds = [[south, west], [north, east]];
      const layer = L.tileLayer(service.tileUrl(settings), { pane: side, bounds, maxZoom: 18, keepBuffer: 2 });
      layer.on("tileerror", () => toast("A tile could not be loaded.", "error"));
      this.layers.set(key, layer);
    }
    return this.layers.get(key);
  }

  read() {
    const given = new FormData(this.form);
    this.settings = { terrain: given.get("terrain"), seen: given.get("seen"), truth: given.get("truth") !== null };
    if (this.settings.seen !== "blink") this.shown = this.settings.seen;
    this.apply();
  }

  apply() {
    const { terrain, seen, truth } = this.settings;
    for (const input of this.form.elements) {
      if (input.type === "radio") input.checked = input.value === this.settings[input.name];
      if (input.type === "checkbox") input.checked = truth;
    }
    for (const side of ["off", "on"]) {
      for (const from of ["west", "east"]) {
        const wanted = (terrain === side || terrain === "compare") && (seen === "blink" || seen === from);
        const layer = this.layer(side, from);
        if (wanted && !this.map.hasLayer(layer)) layer.addTo(this.map);
        if (!wanted) layer.remove();
      }
    }
    if (truth) this.truth.addTo(this.map);
    else this.truth.remove();
    byId("remark").textContent = REMARKS[terrain][seen];
    this.curtain.set(terrain);
    this.raise();
    this.settled();
  }

  /** Show the image of `this.shown`; the other one waits beneath it. */
  raise() {
    for (const [key, layer] of this.layers) {
      layer.setOpacity(key.endsWith(this.shown) ? 1 : 0);
    }
  }

  tick() {
    if (this.settings.seen !== "blink" || document.hidden) return;
    this.shown = this.shown === "west" ? "east" : "west";
    this.raise();
  }

  settled() {
    const seen = this.settings.seen === "blink" ? "west" : this.settings.seen;
    this.facts.show({ off: this.pictureOf("off", seen), on: this.pictureOf("on", seen) }, seen);
    const { lat, lng } = this.map.getCenter();
    const { terrain, truth } = this.settings;
    const place = `#${this.map.getZoom()}/${lat.toFixed(5)}/${lng.toFixed(5)}`;
    window.history.replaceState(null, "", `${place}&terrain=${terrain}&seen=${this.settings.seen}${truth ? "" : "&truth=0"}`);
  }

  foldPanel() {
    const button = byId("panel-toggle");
    const open = button.getAttribute("aria-expanded") === "true";
    button.setAttribute("aria-expanded", String(!open));
    byId("panel-body").hidden = open;
  }
}

/** The number of the image from each side. */
async function idsOf(service) {
  const found = await service.query({ f: "json", where: "Category = 1", outFields: `${service.idField},SeenFrom`, returnGeometry: "false" });
  return Object.fromEntries(found.features.map(({ attributes }) => [attributes.SeenFrom, attributes[service.idField]]));
}

async function start() {
  try {
    const services = { on: await new Service(root, on).describe(), off: await new Service(root, off).describe() };
    const ids = { on: await idsOf(services.on), off: await idsOf(services.off) };
    const truth = await fetch(new URL(`${root}demo/valley.json`, document.baseURI)).then((answer) => {
      if (!answer.ok) throw new Error(`The true lines could not be loaded (${answer.status}).`);
      return answer.json();
    });
    // For tests and for the curious at the console.
    window.swathValley = new Page(services, ids, truth);
  } catch (error) {
    toast(error.message, "error");
  }
}

start();
