// The map page of one service: puts the parts together and keeps settings, picture and address in step.

import { BaseMap } from "./base_map.js";
import { Controls } from "./controls.js";
import { byId, debounce, toast } from "./dom.js";
import { Explain, groundSize } from "./explain.js";
import { Footprints } from "./footprints.js";
import { Identify } from "./identify.js";
import { Imagery } from "./imagery.js";
import { Service } from "./service.js";
import { Swipe } from "./swipe.js";
import { TimeBar } from "./time_bar.js";
import { Timings } from "./timings.js";
import { readHash, writeHash } from "./view_state.js";

const { L } = window;
const { root, service: serviceName } = document.body.dataset;

function escapeText(text) {
  const node = document.createElement("span");
  node.textContent = text;
  return node.innerHTML;
}

function makeMap() {
  const map = L.map("map", {
    zoomControl: false,
    attributionControl: false,
    minZoom: 1,
    maxZoom: 22,
    worldCopyJump: true,
    fadeAnimation: true,
  });
  L.control.attribution({ position: "bottomright", prefix: "Leaflet" }).addTo(map);
  L.control.scale({ position: "bottomright", maxWidth: 130 }).addTo(map);
  L.control.zoom({ position: "topright" }).addTo(map);
  return map;
}

/** Where to start: the address, else all of the service, beside the panel. */
function place(map, view, bounds) {
  if (view) {
    map.setView([view.lat, view.lon], view.zoom, { animate: false });
    return;
  }
  const wide = window.innerWidth > 720;
  const options = wide
    ? { paddingTopLeft: [360, 24], paddingBottomRight: [24, 90] }
    : { paddingTopLeft: [12, 80], paddingBottomRight: [12, 110] };
  if (bounds) map.fitBounds(bounds, { animate: false, maxZoom: 18, ...options });
  else map.setView([20, 0], 2, { animate: false });
}

async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    toast(`${what} copied.`);
  } catch (error) {
    // Pages served over plain HTTP from another machine may not write to the clipboard.
    window.prompt(`Copy this (${error.name}):`, text);
  }
}

class App {
  constructor(service, given) {
    this.service = service;
    this.settings = given.settings;
    this.map = makeMap();
    this.imagery = new Imagery(this.map, service);
    place(this.map, given.view, this.imagery.bounds());
    this.base = new BaseMap(this.map, root);
    this.timings = new Timings(service.tiles);
    this.swipe = new Swipe(this.map, service);
    this.footprints = service.hasCatalog ? new Footprints(this.map, service) : null;
    const actions = {
      settings: () => this.settings,
      lock: (ids) => this.change({ method: "LockRaster", lockIds: ids }),
      close: () => this.change({ explain: false }),
    };
    this.controls = new Controls(byId("controls"), service, this.settings, (changed) => this.change(changed));
    this.explain = new Explain(this.map, service, this.timings, this.footprints, actions);
    this.identify = new Identify(this.map, service, this.footprints, actions);
    this.time = service.timeField && service.hasCatalog
      ? new TimeBar(service, this.settings, (changed) => this.change(changed))
      : null;
    if (this.footprints) this.footprints.onCount = (text) => this.controls.note("footprints", text);
    this.attribute();
    this.listen();
    this.apply();
  }

  attribute() {
    const texts = [this.service.info.copyrightText, "Land: Natural Earth"].filter(Boolean);
    for (const text of texts) this.map.attributionControl.addAttribution(escapeText(text));
  }

  /** Take changed settings and bring everything in step. */
  change(changed) {
    const { swipe, ...plain } = changed;
    const next = { ...this.settings, ...plain };
    if (swipe !== undefined) next.against = swipe ? this.service.tileQuery(this.settings) : null;
    if ("method" in changed) {
      if (next.method !== "LockRaster") next.lockIds = [];
      if (next.method === "ByAttribute" && !next.sortField) next.sortField = this.controls.bestField;
    }
    this.settings = next;
    this.apply();
  }

  apply() {
    const { settings } = this;
    const url = this.service.tileUrl(settings);
    // Nothing chosen yet: keep the picture rather than ask for an impossible one.
    const waiting = settings.method === "LockRaster" && settings.lockIds.length === 0;
    if (!waiting) {
      if (this.url && this.url !== url) this.timings.reset();
      this.url = url;
      this.imagery.show(settings);
    }
    this.controls.update(settings);
    this.controls.note("swipe", settings.against === null ? "" : "pinned left");
    this.swipe.set(settings.against, settings.format);
    this.base.setGridAbove(settings.grid);
    this.footprints?.set(settings.footprints, settings);
    this.explain.set(settings.explain && !waiting);
    byId("explain-toggle").setAttribute("aria-expanded", String(settings.explain));
    document.body.classList.toggle("explaining", settings.explain);
    writeHash(this.map, settings);
  }

  listen() {
    this.map.on("moveend", debounce(() => writeHash(this.map, this.settings), 150));
    this.map.on("mousemove", (event) => this.showPlace(event.latlng));
    this.map.on("moveend zoomend mouseout", () => this.showPlace(this.map.getCenter()));
    this.showPlace(this.map.getCenter());
    this.timings.addEventListener("change", () => this.showPulse());
    byId("explain-toggle").addEventListener("click", () => this.change({ explain: !this.settings.explain }));
    byId("panel-toggle").addEventListener("click", () => this.foldPanel());
    if (window.innerWidth <= 720) this.foldPanel();
    byId("copy-view").addEventListener("click", () => copy(window.location.href, "Link"));
    byId("copy-tiles").addEventListener("click", () => copy(this.url.replace("{r}", ""), "Tile URL"));
    document.addEventListener("keydown", (event) => this.key(event));
    window.addEventListener("hashchange", () => this.follow());
  }

  /** The address was edited, or a bookmark of this page opened. */
  follow() {
    const { view, settings } = readHash(window.location.hash);
    this.settings = settings;
    if (view) this.map.setView([view.lat, view.lon], view.zoom);
    if (this.time?.available) this.time.restore(settings.time);
    if (this.time?.available) this.time.show();
    this.apply();
  }

  foldPanel() {
    const button = byId("panel-toggle");
    const open = button.getAttribute("aria-expanded") === "true";
    button.setAttribute("aria-expanded", String(!open));
    byId("panel-body").hidden = open;
  }

  showPlace(latlng) {
    const { lat, lng } = latlng.wrap();
    byId("coordinates").textContent = `${lat.toFixed(4)}°, ${lng.toFixed(4)}°  ·  z${this.map.getZoom()}  ·  ${groundSize(this.map)}`;
  }

  showPulse() {
    const { tiles, server, wait } = this.timings.summary();
    const time = server ?? wait;
    const each = time === null ? "…" : `${time < 10 ? time.toFixed(1) : Math.round(time)} ms`;
    byId("pulse").textContent = tiles > 0 ? `${each} a tile` : "…";
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = event.target instanceof Element && event.target.closest("input:not([type=checkbox]):not([type=radio]), select, textarea");
    if (typing) return;
    const actions = {
      e: () => this.change({ explain: !this.settings.explain }),
      f: () => this.footprints && this.change({ footprints: !this.settings.footprints }),
      s: () => this.change({ swipe: this.settings.against === null }),
      g: () => this.change({ grid: !this.settings.grid }),
      p: () => this.foldPanel(),
      i: () => this.identify.at(this.map.getCenter()),
      "[": () => this.time?.step(-1),
      "]": () => this.time?.step(1),
    };
    const action = actions[event.key.toLowerCase()];
    if (action) action();
    if (event.key === " " && this.time?.available && !event.target.closest("button, a, label")) {
      event.preventDefault();
      this.time.togglePlay();
    }
  }
}

async function start() {
  const service = new Service(root, serviceName);
  try {
    await service.describe();
  } catch (error) {
    toast(error.message, "error");
    document.body.classList.add("failed");
    return;
  }
  const app = new App(service, readHash(window.location.hash));
  // For tests and for the curious at the console.
  window.swath = app;
}

start();
