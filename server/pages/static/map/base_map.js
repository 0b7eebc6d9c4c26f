// What lies under the imagery: a quiet outline of the land and a grid of meridians and parallels,
// drawn here, so that the page asks no other host for anything.

const { L } = window;

const STEPS = [45, 30, 20, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001];

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** Follow a ring over the antimeridian instead of jumping back; a ring about a pole is closed along it. */
function unwrap(ring) {
  let shift = 0;
  const out = ring.map(([x, y], index) => {
    if (index > 0 && x - ring[index - 1][0] > 180) shift -= 360;
    if (index > 0 && x - ring[index - 1][0] < -180) shift += 360;
    return [x + shift, y];
  });
  if (shift !== 0) {
    const pole = out[0][1] < 0 ? -89.9 : 89.9;
    out.push([out.at(-1)[0], pole], [out[0][0], pole]);
  }
  return out;
}

/** Undo TopoJSON: arcs are shared, quantised and stored as differences. */
export function landPolygons(topology) {
  const { scale, translate } = topology.transform;
  const arcs = topology.arcs.map((arc) => {
    let x = 0;
    let y = 0;
    return arc.map(([dx, dy]) => {
      x += dx;
      y += dy;
      return [x * scale[0] + translate[0], y * scale[1] + translate[1]];
    });
  });
  const line = (index) => (index >= 0 ? arcs[index] : [...arcs[~index]].reverse());
  const ring = (indexes) => indexes.flatMap((index, n) => line(index).slice(n === 0 ? 0 : 1));
  const shapes = topology.objects.land.geometries;
  const polygons = shapes
    .flatMap((shape) => (shape.type === "Polygon" ? [shape.arcs] : shape.arcs))
    .map((rings) => rings.map((arcsOfRing) => unwrap(ring(arcsOfRing))));
  // Three worlds side by side, so that views across the antimeridian are whole.
  return [-360, 0, 360].flatMap((offset) =>
    polygons.map((rings) => rings.map((points) => points.map(([x, y]) => [x + offset, y]))));
}

export class BaseMap {
  constructor(map, root) {
    this.map = map;
    this.under = map.createPane("base");
    this.under.style.zIndex = "150";
    this.under.style.pointerEvents = "none";
    this.over = map.createPane("grid");
    this.over.style.pointerEvents = "none";
    this.over.style.zIndex = "160";
    this.canvas = L.canvas({ pane: "base", padding: 0.6 });
    this.gridCanvas = L.canvas({ pane: "grid", padding: 0.6 });
    this.lines = L.layerGroup().addTo(map);
    this.land = null;
    map.on("moveend", () => this.drawGrid());
    document.addEventListener("swath:theme", () => this.restyle());
    this.drawGrid();
    this.loadLand(new URL(`${root}static/vendor/natural-earth/land-110m.json`, document.baseURI));
  }

  async loadLand(address) {
    const response = await fetch(address);
    if (!response.ok) return; // Decoration: the map is whole without it.
    const polygons = landPolygons(await response.json());
    const geometry = { type: "MultiPolygon", coordinates: polygons };
    this.land = L.geoJSON(geometry, {
      renderer: this.canvas,
      pane: "base",
      interactive: false,
      style: () => ({ stroke: true, weight: 0.8, color: colour("--grid"), fillColor: colour("--land"), fillOpacity: 1 }),
    }).addTo(this.map);
  }

  restyle() {
    this.land?.resetStyle();
    this.drawGrid();
  }

  /** Raise the grid above the picture, or leave it below. */
  setGridAbove(above) {
    this.over.style.zIndex = above ? "350" : "160";
    this.over.classList.toggle("above", above);
  }

  drawGrid() {
    this.lines.clearLayers();
    const bounds = this.map.getBounds().pad(0.3);
    const step = STEPS.findLast((s) => this.map.getSize().x / ((this.map.getBounds().getEast() - this.map.getBounds().getWest()) / s) > 110) ?? STEPS[0];
    const south = Math.max(bounds.getSouth(), -85.0511);
    const north = Math.min(bounds.getNorth(), 85.0511);
    const style = { renderer: this.gridCanvas, pane: "grid", interactive: false, weight: 1, color: colour("--grid"), opacity: 0.55 };
    const view = this.map.getBounds();
    for (let i = Math.ceil(bounds.getWest() / step); i * step <= bounds.getEast(); i += 1) {
      const lon = i * step;
      this.lines.addLayer(L.polyline([[south, lon], [north, lon]], style));
      this.label([view.getSouth(), lon], degrees(((lon + 540) % 360) - 180, step, "E", "W"), "meridian");
    }
    for (let i = Math.ceil(south / step); i * step <= north; i += 1) {
      const lat = i * step;
      this.lines.addLayer(L.polyline([[lat, bounds.getWest()], [lat, bounds.getEast()]], style));
      this.label([lat, view.getEast()], degrees(lat, step, "N", "S"), "parallel");
    }
  }

  label(place, text, kind) {
    const element = document.createElement("span");
    element.textContent = text;
    const icon = L.divIcon({ className: `grid-label ${kind}`, html: element, iconSize: null });
    this.lines.addLayer(L.marker(place, { icon, pane: "grid", interactive: false, keyboard: false }));
  }
}

function degrees(value, step, positive, negative) {
  const digits = step >= 1 ? 0 : Math.ceil(-Math.log10(step) - 1e-9);
  const size = Math.abs(value).toFixed(digits);
  if (Number(size) === 0) return "0°";
  return `${size}°${value > 0 ? positive : negative}`;
}
